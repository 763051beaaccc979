package oracle

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

var (
	seed  = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the randomised logs")
	cases = flag.Int("cases", 6, "randomised logs to count")
)

// TestCountsEqualTheOracle counts random logs with workers that are killed between any two effects
// and started again, alone or two on the same partitions, and compares every minute row and every
// live counter with the naive recount.
func TestCountsEqualTheOracle(t *testing.T) {
	s := startStores(t)
	for n := range *cases {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Logf("run again with -seed %d -run %s", *seed, t.Name())
			r := rand.New(rand.NewPCG(*seed, uint64(n)))
			rig := newRig(t, s, fmt.Sprintf("case%d-%d", n, *seed))
			scribe := newScribe(r, time.Now())
			for range 1 + r.IntN(4) {
				rig.write(scribe.entries(1 + r.IntN(120)))
				rig.interrupted(r)
			}
			if r.IntN(2) == 0 {
				rig.start("zombie", nil)
			}
			rig.start("workers", nil)
			rig.write(scribe.entries(1 + r.IntN(120)))
			rig.agree(time.Minute)
			rig.deadLettersAreNamed()
		})
	}
}
