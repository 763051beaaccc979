package simulate

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	schedules = flag.Int("schedules", 2_000, "how many schedules to play")
	firstSeed = flag.Uint64("seed", 1, "the first schedule's seed")
)

const steps = 400

func TestEverySchedule(t *testing.T) {
	t.Run("counts exactly", func(t *testing.T) { play(t, Rules{}, Options{Steps: steps}, *schedules, true) })
	t.Run("never falls when raw rows vanish", func(t *testing.T) {
		play(t, Rules{}, Options{Steps: steps, Damage: true}, *schedules/5, true)
	})
}

// play runs schedules on all cores. It returns the first seed that broke a rule, 0 when none did.
func play(t *testing.T, rules Rules, options Options, schedules int, mustHold bool) uint64 {
	t.Helper()
	var acked, unacked, crashes, effects, played, bad atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for bad.Load() == 0 {
				n := played.Add(1)
				if n > int64(schedules) {
					return
				}
				if mustHold && n%20_000 == 0 {
					t.Logf("%d of %d schedules, %s", n, schedules, time.Since(began).Round(time.Second))
				}
				seed := *firstSeed + uint64(n) - 1
				o := Run(seed, rules, options)
				acked.Add(int64(o.Acked))
				unacked.Add(int64(o.Unacked))
				crashes.Add(int64(o.Crashes))
				effects.Add(int64(o.Effects))
				if o.Broken != "" {
					bad.CompareAndSwap(0, int64(seed))
				}
			}
		})
	}
	wg.Wait()
	seed := uint64(bad.Load())
	switch {
	case seed != 0 && mustHold:
		options.Trace = true
		o := Run(seed, rules, options)
		for _, line := range o.Trace {
			t.Log(line)
		}
		t.Fatalf("seed %d: %s (again: go test ./test/simulate -run TestEverySchedule -seed %d -schedules 1)", seed, o.Broken, seed)
	case seed == 0 && mustHold:
		t.Logf("schedules=%d effects=%d acked=%d unacked=%d crashes=%d lost=0 double=0",
			schedules, effects.Load(), acked.Load(), unacked.Load(), crashes.Load())
	}
	return seed
}

func TestABrokenRuleIsNoticed(t *testing.T) {
	for name, broken := range map[string]struct {
		rules  Rules
		damage bool
	}{
		"a click is answered before the fsync":                    {rules: Rules{AnswerBeforeSync: true}},
		"settled moves before anything is durable":                {rules: Rules{SettledBeforeDurable: true}},
		"8 bits of boot id":                                       {rules: Rules{NarrowBootID: true}},
		"the generation follows from the arrival":                 {rules: Rules{PlaceByArrival: true}},
		"a foreign identity without its time":                     {rules: Rules{ForeignWithoutTime: true}},
		"the manifest before its rows":                            {rules: Rules{ManifestFirst: true}},
		"a worker without manifests starts at the end of the log": {rules: Rules{StartAtLogEnd: true}},
		"minute rows without the cut":                             {rules: Rules{WithoutCut: true}},
		"the mark before its rows":                                {rules: Rules{MarkFirst: true}},
		"duplicates from row counts":                              {rules: Rules{DuplicatesFromRows: true}},
		"ver without the epoch":                                   {rules: Rules{VersionWithoutEpoch: true}},
		"a reader takes rows of several versions":                 {rules: Rules{RowsOfAllVersions: true}},
		"totals may fall":                                         {rules: Rules{WithoutTotalsGuard: true}, damage: true},
		"the last live value wins":                                {rules: Rules{LiveWithoutVersion: true}},
		"panes are rebuilt from the load position":                {rules: Rules{LiveFromLoadPosition: true}},
		"a restart forgets the journal":                           {rules: Rules{ForgetUnshippedOnBoot: true}},
	} {
		t.Run(name, func(t *testing.T) {
			options := Options{Steps: steps, Damage: broken.damage}
			seed := play(t, broken.rules, options, 20_000, false)
			if seed == 0 {
				t.Fatal("20000 schedules did not notice")
			}
			t.Logf("seed %d: %s", seed, Run(seed, broken.rules, options).Broken)
		})
	}
}
