package journal

import (
	"sync"
	"sync/atomic"
)

// fate is what became of a counter.
type fate uint8

const (
	inLog  fate = iota // the log has acknowledged it
	inVoid             // it is nowhere and never will be
	onDisk             // the journal holds it, and the log has not acknowledged it
)

// settler follows which counters of one (boot, src_part) have a known fate. settled is the lowest
// counter without one: it and all above it may be open, none below it is.
type settler struct {
	settled atomic.Uint64

	mu        sync.Mutex
	ahead     map[uint64]fate // resolved counters above settled
	voided    uint64
	journaled uint64 // below settled, only the journal holds them
	waiting   uint64 // in the journal, below settled or not
}

// resolve notes that the fate of counter is known. Each counter is resolved at most once; one that is
// on disk is told to be in the log by shipped.
func (s *settler) resolve(counter uint64, f fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f {
	case inVoid:
		s.voided++
	case onDisk:
		s.waiting++
	}
	low := s.settled.Load()
	if counter != low {
		if s.ahead == nil {
			s.ahead = make(map[uint64]fate)
		}
		s.ahead[counter] = f
		return
	}
	s.pass(f)
	low++
	for len(s.ahead) > 0 {
		f, ok := s.ahead[low]
		if !ok {
			break
		}
		delete(s.ahead, low)
		s.pass(f)
		low++
	}
	s.settled.Store(low)
}

func (s *settler) pass(f fate) {
	if f == onDisk {
		s.journaled++
	}
}

// shipped notes that the log has acknowledged a counter that was on disk.
func (s *settler) shipped(counter uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
	if counter < s.settled.Load() {
		s.journaled--
		return
	}
	if _, ok := s.ahead[counter]; ok {
		s.ahead[counter] = inLog
	}
}

// progress is all figures as of one moment.
func (s *settler) progress() (settled, voided, journaled, waiting uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settled.Load(), s.voided, s.journaled, s.waiting
}
