package journal

import (
	"math/rand/v2"
	"testing"
)

// TestSettledNeverPassesAnOpenCounter resolves counters in random orders, ships those that were on
// disk at random, and compares with the definition: the lowest counter whose fate is not known, and
// how many below it are voided or only on disk.
func TestSettledNeverPassesAnOpenCounter(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := 1 + rng.IntN(300)
		var s settler
		known := make([]bool, n)
		onDiskNow := map[uint64]bool{}
		voided := uint64(0)
		for _, counter := range shuffledInWindows(rng, n) {
			f := []fate{inLog, inLog, inVoid, onDisk}[rng.IntN(4)]
			switch f {
			case inVoid:
				voided++
			case onDisk:
				onDiskNow[uint64(counter)] = true
			}
			s.resolve(uint64(counter), f)
			known[counter] = true
			for one := range onDiskNow {
				if rng.IntN(8) == 0 {
					s.shipped(one)
					delete(onDiskNow, one)
				}
			}
			want, wantJournaled := uint64(0), uint64(0)
			for int(want) < n && known[want] {
				if onDiskNow[want] {
					wantJournaled++
				}
				want++
			}
			settled, gotVoided, journaled, waiting := s.progress()
			if settled != want || gotVoided != voided || journaled != wantJournaled || waiting != uint64(len(onDiskNow)) {
				t.Fatalf("seed %d after resolving %d: settled %d voided %d journaled %d waiting %d, want %d, %d, %d and %d",
					seed, counter, settled, gotVoided, journaled, waiting, want, voided, wantJournaled, len(onDiskNow))
			}
		}
		if len(s.ahead) != 0 {
			t.Fatalf("seed %d: %d counters are still kept after all were settled", seed, len(s.ahead))
		}
	}
}

// shuffledInWindows is 0..n-1, shuffled within windows of random size: near-order as brokers answer.
func shuffledInWindows(rng *rand.Rand, n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for start := 0; start < n; {
		end := min(n, start+1+rng.IntN(64))
		window := order[start:end]
		rng.Shuffle(len(window), func(i, j int) { window[i], window[j] = window[j], window[i] })
		start = end
	}
	return order
}
