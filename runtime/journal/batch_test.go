package journal

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal/wal"
	"github.com/clicktally/clicktally/runtime/journal/wal/waltest"
)

func TestABatchIsOneRecordOfTheJournal(t *testing.T) {
	for name, tc := range map[string]struct {
		events, metadata int
		one              bool
	}{
		"as a rule": {20, 10, true},
		"event by event when no segment holds it": {200, 900, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			disk := waltest.New()
			a := newAccepter(t, c, func(cfg *Config) { cfg.FS, cfg.Capacity = disk, 16*wal.MinSegmentBytes })
			release := hold(t, c)
			var syncs atomic.Int64
			disk.Before = func(op waltest.Op) error {
				if op.Kind == waltest.Sync {
					syncs.Add(1)
				}
				return nil
			}
			events := make([]*event.Event, tc.events)
			for i := range events {
				events[i] = click(fmt.Sprint("ad-", i))
				events[i].Metadata = fmt.Sprintf("%0*d", tc.metadata, i)
			}
			ids := map[string]bool{}
			for i, err := range a.AcceptBatch(t.Context(), events) {
				if err != nil {
					t.Fatalf("event %d: %v", i, err)
				}
				ids[string(events[i].EventId)] = true
			}
			if n := syncs.Load(); tc.one && n != 1 || a.Stats().Waiting != tc.events {
				t.Errorf("%d syncs, %d wait; want one record with all %d", n, a.Stats().Waiting, tc.events)
			}
			release()
			eventually(t, "everything is shipped", func() bool { return a.Stats().Waiting == 0 && a.Stats().InFlight == 0 })
			allInLog(t, c, ids)
		})
	}
}
