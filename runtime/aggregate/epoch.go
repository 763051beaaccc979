package aggregate

import (
	"context"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// reviewEvery is how often a worker looks at the marks that it believes to know: a restate writes
// them too, at a cut of its own.
const reviewEvery = 10 * time.Minute

// followEpoch takes up a raised epoch. Whoever restates raises it before it writes: values of panes
// must not stay below those of the rows, and the marks may not be what they were.
func (w *worker) followEpoch() {
	epoch := max(w.cfg.Epoch, w.cfg.FollowEpoch())
	if epoch <= w.epoch {
		return
	}
	w.cfg.Log.Info("computing under another epoch", "epoch", epoch, "before", w.epoch)
	w.epoch = epoch
	for _, p := range w.partitions {
		p.reviewed = time.Time{}
		if p.liveNext >= 0 {
			p.panes.epoch, p.rewrite = epoch, true
		}
	}
}

// dueReviews are the partitions whose marks are to be looked at.
func (w *worker) dueReviews(now time.Time) []*partition {
	var due []*partition
	for _, p := range w.partitions {
		if p.known && p.stopped == ConditionNone && now.Sub(p.reviewed) >= reviewEvery {
			p.reviewed = now
			due = append(due, p)
		}
	}
	return due
}

// review reads which minutes of the partitions are below what was loaded, whoever marked them.
func (w *worker) review(ctx context.Context, list []*partition, now time.Time) (map[event.SrcPart]*store.Loaded, error) {
	if len(list) == 0 {
		return nil, nil
	}
	parts := make([]event.SrcPart, len(list))
	for i, p := range list {
		parts[i] = p.part
	}
	return store.ReadLoaded(ctx, w.cfg.ClickHouse, w.cfg.Database, parts, now.Unix(), w.rawFloor(now))
}

// reviewedAll takes in what review found, or asks for another when it failed.
func reviewedAll(list []*partition, found map[event.SrcPart]*store.Loaded) {
	for _, p := range list {
		if loaded := found[p.part]; loaded != nil {
			p.minutes.found(loaded.Dirty)
		} else {
			p.reviewed = time.Time{}
		}
	}
}
