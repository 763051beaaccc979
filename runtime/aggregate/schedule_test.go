package aggregate

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func minutesAgo(n int) int64 { return noon.Add(-time.Duration(n) * time.Minute).Unix() }

func newTestSchedule(dirty map[int64]uint64) *schedule {
	return newSchedule(pace{fresh: 2 * time.Second, growth: 0.1}, dirty)
}

func TestScheduleSaysWhichMinutesAreDue(t *testing.T) {
	fresh, old := minutesAgo(1), minutesAgo(100)
	tests := map[string]struct {
		do    func(s *schedule)
		at    time.Time
		fresh []int64
		old   []int64
	}{
		"a touched minute is due at once": {
			do: func(s *schedule) { s.touch([]int64{fresh, old}, 10) }, at: noon, fresh: []int64{fresh}, old: []int64{old},
		},
		"a mark at the cut makes it clean": {
			do: func(s *schedule) { s.touch([]int64{fresh}, 10); s.answered(fresh, 0, 10, 10, noon) }, at: noon.Add(time.Minute),
		},
		"a mark of a shorter prefix leaves it dirty, to be computed after the pace of fresh minutes": {
			do: func(s *schedule) { s.touch([]int64{fresh}, 10); s.answered(fresh, 0, 9, 9, noon) },
			at: noon.Add(2 * time.Second), fresh: []int64{fresh},
		},
		"a fresh minute waits for its pace": {
			do: func(s *schedule) {
				s.touch([]int64{fresh}, 10)
				s.answered(fresh, 0, 10, 10, noon)
				s.touch([]int64{fresh}, 11)
			}, at: noon.Add(time.Second),
		},
		"an old minute waits until its age has grown by a tenth": {
			do: func(s *schedule) {
				s.touch([]int64{old}, 10)
				s.answered(old, 0, 10, 10, noon)
				s.touch([]int64{old}, 20)
			}, at: noon.Add(10*time.Minute - time.Second),
		},
		"and is due then": {
			do: func(s *schedule) {
				s.touch([]int64{old}, 10)
				s.answered(old, 0, 10, 10, noon)
				s.touch([]int64{old}, 20)
			}, at: noon.Add(10 * time.Minute), old: []int64{old},
		},
		"the one that waited longest comes first": {
			do: func(s *schedule) {
				s.touch([]int64{minutesAgo(2), minutesAgo(3), fresh}, 10)
				s.answered(minutesAgo(3), 0, 5, 5, noon.Add(-3*time.Second))
				s.answered(minutesAgo(2), 0, 5, 5, noon.Add(-4*time.Second))
			}, at: noon, fresh: []int64{fresh, minutesAgo(2), minutesAgo(3)},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newTestSchedule(nil)
			test.do(s)
			if diff := cmp.Diff(test.fresh, s.due(test.at, turnFresh)); diff != "" {
				t.Errorf("fresh minutes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.old, s.due(test.at, turnOld)); diff != "" {
				t.Errorf("old minutes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARefusedMinuteStaysDirtyAndIsTriedSlowly(t *testing.T) {
	minute := minutesAgo(1)
	s := newTestSchedule(map[int64]uint64{minute: 50})
	if !s.answered(minute, 0, 50, 40, noon) {
		t.Fatal("a mark below the cut was not reported as refused")
	}
	if due := s.due(noon.Add(refusedEvery-time.Second), turnFresh); len(due) != 0 {
		t.Errorf("tried again before %v", refusedEvery)
	}
	if due := s.due(noon.Add(refusedEvery), turnFresh); len(due) != 1 {
		t.Error("a refused minute was given up")
	}
}

func TestForgettingKeepsWhatIsDirtyOrHeldBack(t *testing.T) {
	dirty, held, free, gone := minutesAgo(50), minutesAgo(60), minutesAgo(70), minutesAgo(200)
	s := newTestSchedule(map[int64]uint64{dirty: 5, held: 5, free: 5, gone: 5})
	s.answered(held, 0, 5, 5, noon.Add(-time.Minute))
	s.answered(free, 0, 5, 5, noon.Add(-30*time.Minute))
	s.forget(noon, minutesAgo(150))
	for minute, want := range map[int64]bool{dirty: true, held: true, free: false, gone: false} {
		if got := s.minutes[minute] != nil; got != want {
			t.Errorf("minute %d min old: kept %v, want %v", (noon.Unix()-minute)/60, got, want)
		}
	}
}

func TestSpareTimeIsForMinutesAheadOfTheirPace(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	minute := noon.Add(-10 * time.Hour).Unix()
	s := newSchedule(pace{fresh: 2 * time.Second, growth: 0.1}, map[int64]uint64{minute: 5})
	s.answered(minute, 0, 5, 5, noon)
	s.touch([]int64{minute}, 6)
	soon := noon.Add(spareRest)
	if due := s.due(soon, turnOld); len(due) != 0 {
		t.Errorf("its age has not grown by a tenth, and %d minutes are due", len(due))
	}
	if due := s.due(soon.Add(-time.Millisecond), turnSpare); len(due) != 0 {
		t.Error("it does not rest between two computations")
	}
	if due := s.due(soon, turnSpare); len(due) != 1 {
		t.Errorf("%d minutes are due in spare time, want 1", len(due))
	}
	if due := s.due(soon, turnFresh); len(due) != 0 {
		t.Error("an old minute stands among the fresh ones")
	}
}

func TestAMinuteThatFailedLetsOthersGoFirst(t *testing.T) {
	first, second := minutesAgo(2), minutesAgo(1)
	s := newTestSchedule(map[int64]uint64{first: 5, second: 5})
	s.attempted(first, noon)
	if diff := cmp.Diff([]int64{second}, s.due(noon, turnFresh)); diff != "" {
		t.Errorf("right after the failure (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{second, first}, s.due(noon.Add(2*time.Second), turnFresh)); diff != "" {
		t.Errorf("after its pace (-want +got):\n%s", diff)
	}
}
