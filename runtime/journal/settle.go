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
	ahead  map[uint64]struct{} // resolved counters above settled
	voided uint64
}

// resolve notes that the fate of counter is known: durable, or voided. Each counter is resolved
// at most once.
func (s *settler) resolve(counter uint64, void bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if void {
		s.voided++
	}
	low := s.settled.Load()
	if counter != low {
		if s.ahead == nil {
			s.ahead = make(map[uint64]struct{})
		}
		s.ahead[counter] = struct{}{}
		return
	}
	low++
	for len(s.ahead) > 0 {
		if _, ok := s.ahead[low]; !ok {
			break
		}
		delete(s.ahead, low)
		low++
	}
	s.settled.Store(low)
}

// progress is settled and the number of voided counters, as of one moment.
func (s *settler) progress() (settled, voided uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settled.Load(), s.voided
}
