package aggregate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// progressEvery bounds how often progress rows are written.
const progressEvery = time.Second

// computation is one batch of minutes on its way: cuts of marked-to-be minutes, and which of them
// have no pane and so go to Redis as rows.
type computation struct {
	epoch    uint16
	reviews  []*partition // whose marks are to be looked at first
	cuts     []store.Cut
	owners   []*partition
	progress []store.Progress
	turn     turn
	toRedis  map[store.Cut]bool
	history  map[event.SrcPart]window // Redis lost what lies outside the panes' window
}

// startCompute lets ClickHouse compute the minutes that are due, fresh ones first, and then says how
// far the partitions are.
func (w *worker) startCompute(ctx context.Context, now time.Time) {
	l := &w.lanes.compute
	if !l.free(now) {
		return
	}
	c := w.nextComputation(now)
	if len(c.cuts) == 0 && len(c.progress) == 0 && len(c.history) == 0 && len(c.reviews) == 0 {
		return
	}
	w.run(ctx, l, func(ctx context.Context) (func(), error) {
		start := time.Now()
		found, err := w.review(ctx, c.reviews, now)
		if err != nil {
			return func() { reviewedAll(c.reviews, nil); w.failed(c) }, err
		}
		marks, err := w.compute(ctx, c, now)
		if err != nil {
			return func() { reviewedAll(c.reviews, found); w.failed(c) }, err
		}
		err = w.publishRows(ctx, c, now)
		took := time.Since(start)
		return func() {
			reviewedAll(c.reviews, found)
			w.computed(c, marks, took)
			if err != nil {
				w.unpublished(c)
			}
		}, err
	})
}

func (w *worker) nextComputation(now time.Time) computation {
	c := computation{
		epoch: w.epoch, reviews: w.dueReviews(now), toRedis: map[store.Cut]bool{}, history: map[event.SrcPart]window{},
	}
	for _, p := range w.partitions {
		if p.known && p.history {
			c.history[p.part], p.history = p.panes.window, false
		}
		if p.known && p.stopped == ConditionNone && now.Sub(p.progress.written) >= progressEvery {
			p.minutes.forget(now, w.rawFloor(now))
			p.progress.advance(p.loaded, w.cfg.LatenessSlack, p.minutes.oldestDirty)
			p.progress.written = now
			c.progress = append(c.progress, store.Progress{
				SrcPart: p.part, CompleteUntil: p.progress.until, Loaded: p.loaded,
				Dirty: p.minutes.dirtyBefore(p.progress.until), Written: now,
			})
		}
	}
	for _, c.turn = range []turn{turnFresh, turnOld, turnSpare} {
		if c.turn != turnFresh && now.Before(w.oldAfter) {
			break
		}
		if w.choose(&c, now); len(c.cuts) > 0 {
			break
		}
	}
	return c
}

func (w *worker) choose(c *computation, now time.Time) {
	for _, p := range w.partitions {
		if !p.known || p.loaded == 0 {
			continue
		}
		for _, minute := range p.minutes.due(now, c.turn) {
			if len(c.cuts) == w.batch {
				return
			}
			cut := store.Cut{SrcPart: p.part, Minute: minute, Offset: p.loaded}
			c.cuts, c.owners = append(c.cuts, cut), append(c.owners, p)
			c.toRedis[store.Cut{SrcPart: p.part, Minute: minute}] = !p.panes.exact(minute) && now.Sub(time.Unix(minute, 0)) < store.LiveKept
		}
	}
}

// compute says how far the partitions are, writes rows, then marks, and returns the marks as they
// stand: the ver of each minute.
func (w *worker) compute(ctx context.Context, c computation, now time.Time) (map[store.Cut]uint64, error) {
	ch, db, cuts := w.cfg.ClickHouse, w.cfg.Database, c.cuts
	err := w.effect("progress", func() error { return store.InsertProgress(ctx, ch, db, c.progress) })
	if err != nil || len(cuts) == 0 {
		return nil, err
	}
	err = w.effect("minutes", func() error {
		return ch.Exec(ctx, store.InsertMinutes(db, c.epoch, w.cfg.Stated, cuts))
	})
	if err != nil {
		return nil, fmt.Errorf("compute %d minutes: %w", len(cuts), err)
	}
	err = w.effect("marks", func() error { return ch.Exec(ctx, store.InsertMarks(db, now, cuts)) })
	if err != nil {
		return nil, fmt.Errorf("mark %d minutes: %w", len(cuts), err)
	}
	rows, err := ch.Query(ctx, store.SelectMarks(db, cuts))
	if err != nil {
		return nil, fmt.Errorf("read the marks of %d minutes: %w", len(cuts), err)
	}
	defer rows.Close()
	marks := make(map[store.Cut]uint64, len(cuts))
	for rows.Next() {
		var part uint32
		var minute int64
		var ver uint64
		if err := rows.Scan(&part, &minute, &ver); err != nil {
			return nil, fmt.Errorf("read the marks of %d minutes: %w", len(cuts), err)
		}
		marks[store.Cut{SrcPart: event.SrcPart(part), Minute: minute}] = ver
	}
	return marks, rows.Err()
}

// failed makes the next statement smaller and lets other minutes go first: one that is too much for
// ClickHouse, by its memory or its time, may not hold up the rest.
func (w *worker) failed(c computation) {
	w.unpublished(c)
	w.batch = max(1, w.batch/2)
	now := w.cfg.Now()
	for i, cut := range c.cuts {
		c.owners[i].minutes.attempted(cut.Minute, now)
	}
}

// computed takes in the marks. Without one at its cut a minute was refused: it stays at its mark.
func (w *worker) computed(c computation, marks map[store.Cut]uint64, took time.Duration) {
	now := w.cfg.Now()
	w.batch = min(2*w.batch, maxMinutesPerStatement)
	for i, cut := range c.cuts {
		p := c.owners[i]
		if p.minutes.answered(cut.Minute, c.epoch, cut.Offset, marks[store.Cut{SrcPart: cut.SrcPart, Minute: cut.Minute}], now) {
			w.metrics.refused.Inc()
			w.cfg.Log.Error("minute refused: its totals would fall below its mark", "partition", p.String(), "minute", time.Unix(cut.Minute, 0).UTC(), "cut", cut.Offset)
			w.cfg.OnCondition(p.part, ConditionTotalsFell)
			continue
		}
		w.metrics.minutes.Inc()
	}
	if c.turn != turnFresh {
		w.oldAfter = now.Add((oldShare - 1) * took)
	}
}

// unpublished lets the minute rows that Redis may not have be written again.
func (w *worker) unpublished(c computation) {
	for _, p := range c.owners {
		p.history = true
	}
	for part := range c.history {
		if p := w.partitions[part]; p != nil {
			p.history = true
		}
	}
}

// publishRows writes minute rows to Redis: of computed minutes that have no pane, and of all of the
// last hours where Redis lost them.
func (w *worker) publishRows(ctx context.Context, c computation, now time.Time) error {
	parts := map[event.SrcPart]struct{}{}
	from, to := now.Unix(), int64(0)
	for _, cut := range c.cuts {
		if c.toRedis[store.Cut{SrcPart: cut.SrcPart, Minute: cut.Minute}] {
			parts[cut.SrcPart] = struct{}{}
			from, to = min(from, cut.Minute), max(to, cut.Minute+60)
		}
	}
	for part := range c.history {
		parts[part] = struct{}{}
		from, to = now.Add(-store.LiveKept).Truncate(time.Minute).Unix(), max(to, now.Add(maxAhead).Unix())
	}
	if len(parts) == 0 {
		return nil
	}
	return w.publishHistory(ctx, slices.Collect(maps.Keys(parts)), time.Unix(from, 0), time.Unix(to, 0), func(part event.SrcPart, minute int64) bool {
		lost, all := c.history[part]
		return c.toRedis[store.Cut{SrcPart: part, Minute: minute}] || all && !lost.exact(minute)
	})
}
