package journal

import (
	"math/rand/v2"
	"testing"
)

// TestSettledNeverPassesAnOpenCounter resolves counters in random orders and compares with the
// definition: the lowest counter whose fate is not known.
func TestSettledNeverPassesAnOpenCounter(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := 1 + rng.IntN(300)
		var s settler
		known, isVoid := make([]bool, n), make([]bool, n)
		for _, counter := range shuffledInWindows(rng, n) {
			void := rng.IntN(4) == 0
			s.resolve(uint64(counter), void)
			known[counter], isVoid[counter] = true, void
			want, voided := uint64(0), uint64(0)
			for int(want) < n && known[want] {
				if isVoid[want] {
					voided++
				}
				want++
			}
			if got, gotVoided := s.progress(); got != want || gotVoided != voided {
				t.Fatalf("seed %d after resolving %d: settled %d voided %d, want %d and %d", seed, counter, got, gotVoided, want, voided)
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
