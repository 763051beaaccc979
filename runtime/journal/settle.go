package journal

import (
	"sync"
	"sync/atomic"
)

// settler follows which counters of one (boot, src_part) have a known fate. settled is the lowest
// counter without one: it and all above it may be open, none below it is.
type settler struct {
	settled atomic.Uint64

	mu     sync.Mutex
	ahead  map[uint64]bool // resolved counters above settled; true: voided
	voided uint64          // below settled
}

// resolve notes that the fate of counter is known: durable, or voided. Each counter is resolved
// at most once.
func (s *settler) resolve(counter uint64, void bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	low := s.settled.Load()
	if counter != low {
		if s.ahead == nil {
			s.ahead = make(map[uint64]bool)
		}
		s.ahead[counter] = void
		return
	}
	for known := true; known; void, known = s.ahead[low] {
		if void {
			s.voided++
		}
		delete(s.ahead, low)
		low++
	}
	s.settled.Store(low)
}

// progress is settled and the number of voided counters below it, as of one moment: the ledger
// balances the one against the other.
func (s *settler) progress() (settled, voided uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settled.Load(), s.voided
}
