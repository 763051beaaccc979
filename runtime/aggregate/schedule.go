package aggregate

import (
	"cmp"
	"slices"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

const (
	// freshAge is how old a minute may be to be computed ahead of all others.
	freshAge = 5 * time.Minute
	// spareRest is how long a dirty old minute rests between two computations in time that nobody
	// else wants.
	spareRest = 10 * time.Second
	// oldShare: a batch of old minutes that took d is followed by (oldShare-1)*d without old ones.
	oldShare = 4
	// refusedEvery bounds how often a refused minute is tried again.
	refusedEvery = time.Minute
	// maxMinutesPerStatement bounds one minute statement.
	maxMinutesPerStatement = 64
)

// turn is whose turn it is to be computed. A later turn comes only when the ones before are through.
type turn int

const (
	turnFresh turn = iota // minutes younger than freshAge
	turnOld               // old minutes whose pace allows it
	// turnSpare: old minutes ahead of their pace, when nothing else is due. The pace keeps a backlog
	// of late events from computing the same minutes over and over; where there is no backlog, a
	// reader need not wait hours for the second late event of a minute.
	turnSpare
)

// minuteState is what a worker remembers of a minute. Only mark and touched decide whether it is
// dirty; the rest is pace, and may be forgotten.
type minuteState struct {
	touched  uint64    // end of the last manifest that touches it
	marked   uint64    // cut of its mark
	computed time.Time // last attempt by this worker
	refused  bool
}

func (s *minuteState) dirty() bool { return s.touched > s.marked }

// schedule decides which dirty minutes of one src_part are due: a state machine without a clock.
type schedule struct {
	pace
	minutes map[int64]*minuteState
}

// pace bounds how often one minute is computed.
type pace struct {
	fresh  time.Duration // a fresh minute, again after
	growth float64       // an old minute, again when its age has grown by this share
}

func newSchedule(pace pace, dirty map[int64]uint64) *schedule {
	s := &schedule{pace: pace, minutes: map[int64]*minuteState{}}
	for minute, touched := range dirty {
		s.minutes[minute] = &minuteState{touched: touched}
	}
	return s
}

// touch notes that a manifest ending at to holds events of minutes.
func (s *schedule) touch(minutes []int64, to uint64) {
	for _, minute := range minutes {
		state := s.minutes[minute]
		if state == nil {
			state = &minuteState{}
			s.minutes[minute] = state
		}
		state.touched = max(state.touched, to)
	}
}

// answered notes the ver of a minute's mark after it was computed at cut under epoch. A mark below that
// means that the computation was refused: its totals were lower than those of the mark. One of a
// higher epoch is a restate's, which we are about to follow.
func (s *schedule) answered(minute int64, epoch uint16, cut, mark uint64, now time.Time) (refused bool) {
	state := s.minutes[minute]
	if state == nil {
		return false
	}
	state.marked, state.computed = store.VerOffset(mark), now
	state.refused = mark < store.Ver(epoch, cut)
	return state.refused
}

// found notes the minutes that lie below what was loaded, whatever was believed of their marks.
func (s *schedule) found(dirty map[int64]uint64) {
	for minute, touched := range dirty {
		state := s.minutes[minute]
		if state == nil {
			state = &minuteState{}
			s.minutes[minute] = state
		}
		state.touched, state.marked = max(state.touched, touched), min(state.marked, touched-1)
	}
}

// refusedMinutes counts the minutes whose last computation was refused, and names the oldest.
func (s *schedule) refusedMinutes() (n int, oldest int64) {
	for minute, state := range s.minutes {
		if !state.refused {
			continue
		}
		if n++; n == 1 || minute < oldest {
			oldest = minute
		}
	}
	return n, oldest
}

// attempted notes a computation that failed: the minute stays dirty and queues behind the others.
func (s *schedule) attempted(minute int64, now time.Time) {
	if state := s.minutes[minute]; state != nil {
		state.computed = now
	}
}

// due lists the minutes to compute at now, the longest waiting first.
func (s *schedule) due(now time.Time, t turn) []int64 {
	var due []int64
	for minute, state := range s.minutes {
		if state.dirty() && isOld(minute, now) == (t != turnFresh) && s.mayCompute(minute, state, now, t) {
			due = append(due, minute)
		}
	}
	slices.SortFunc(due, func(a, b int64) int {
		return cmp.Or(s.minutes[a].computed.Compare(s.minutes[b].computed), cmp.Compare(a, b))
	})
	return due
}

func (s *schedule) mayCompute(minute int64, state *minuteState, now time.Time, t turn) bool {
	if state.computed.IsZero() {
		return true
	}
	wait := s.fresh
	switch {
	case t == turnSpare:
		wait = max(wait, spareRest)
	case isOld(minute, now):
		age := state.computed.Sub(time.Unix(minute, 0))
		wait = max(wait, time.Duration(float64(age)*s.growth))
	}
	if state.refused {
		wait = max(wait, refusedEvery)
	}
	return now.Sub(state.computed) >= wait
}

// oldestDirty is the first dirty minute from `from` on, or limit when there is none before it.
func (s *schedule) oldestDirty(from, limit int64) int64 {
	for minute, state := range s.minutes {
		if state.dirty() && minute >= from && minute < limit {
			limit = minute
		}
	}
	return limit
}

// dirtyBefore counts the dirty minutes that end at or before the given time.
func (s *schedule) dirtyBefore(until time.Time) uint64 {
	var n uint64
	for minute, state := range s.minutes {
		if state.dirty() && minute+60 <= until.Unix() {
			n++
		}
	}
	return n
}

// forget drops what no longer holds a computation back, and what is past raw retention.
func (s *schedule) forget(now time.Time, rawFloor int64) {
	for minute, state := range s.minutes {
		if minute < rawFloor || !state.dirty() && s.mayCompute(minute, state, now, turnOld) && isOld(minute, now) {
			delete(s.minutes, minute)
		}
	}
}

func isOld(minute int64, now time.Time) bool {
	return now.Sub(time.Unix(minute, 0)) >= freshAge
}
