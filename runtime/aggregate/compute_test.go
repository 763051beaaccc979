package aggregate

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

func TestStatementsShrinkWhileTheyFailAndGrowAgain(t *testing.T) {
	w := &worker{
		cfg: Config{Now: func() time.Time { return noon }, Retention: store.Retention{}.WithDefaults()}, batch: maxMinutesPerStatement,
		metrics: newMetrics(prometheus.NewRegistry()),
	}
	p := &partition{part: 7, known: true, loaded: 9, minutes: newTestSchedule(map[int64]uint64{minutesAgo(1): 9, minutesAgo(2): 9, minutesAgo(3): 9})}
	p.panes = newPanes(p.part, 0, store.MaxStated, minutesAgo(10))
	w.partitions = map[event.SrcPart]*partition{7: p}
	for range 10 {
		w.failed(computation{})
	}
	one := w.nextComputation(noon)
	if len(one.cuts) != 1 {
		t.Fatalf("after many failures %d minutes are in one statement, want 1", len(one.cuts))
	}
	w.failed(one)
	if next := w.nextComputation(noon); len(next.cuts) != 1 || next.cuts[0].Minute == one.cuts[0].Minute {
		t.Errorf("the minute that failed stands first again: %v after %v", next.cuts, one.cuts)
	}
	w.computed(computation{}, nil, 0)
	if next := w.nextComputation(noon); len(next.cuts) != 2 {
		t.Errorf("after a success %d minutes are in one statement, want 2", len(next.cuts))
	}
}
