package aggregate

import (
	"context"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

// startFlush writes what is buffered. A flush that failed is tried again as it is: every row is a
// function of its record, so writing one twice changes nothing.
func (w *worker) startFlush(ctx context.Context, now time.Time) {
	w.metrics.buffered.Set(float64(w.buffer.records()))
	l := &w.lanes.flush
	if !l.free(now) {
		return
	}
	if w.inFlight == nil {
		due := now.Sub(w.lastFlush) >= w.cfg.FlushEvery || w.buffer.records() >= w.cfg.FlushRows
		if w.buffer.empty() || !due {
			return
		}
		w.inFlight, w.buffer, w.spare, w.lastFlush = w.buffer, after(w.spare), nil, now
	}
	flush := w.inFlight
	w.run(ctx, l, func(ctx context.Context) (func(), error) {
		manifests, err := w.flush(ctx, flush, now)
		if err != nil {
			return nil, err
		}
		return func() { w.flushed(ctx, flush, manifests) }, nil
	})
}

// flush is the order that exactly-once rests on: dead letters and strays, raw rows, what follows from them, and
// after all blocks the manifests.
func (w *worker) flush(ctx context.Context, b *buffer, now time.Time) (map[*partition]*store.Manifest, error) {
	ch, db := w.cfg.ClickHouse, w.cfg.Database
	if len(b.dead) > 0 {
		if err := w.effect("dlq", func() error { return w.produceDead(ctx, b.dead) }); err != nil {
			return nil, err
		}
	}
	if len(b.strays) > 0 {
		if err := w.effect("move", func() error { return w.moveStrays(ctx, b.strays) }); err != nil {
			return nil, err
		}
	}
	if err := w.effect("events", func() error { return b.block.InsertEvents(ctx, ch, db) }); err != nil {
		return nil, err
	}
	if err := w.effect("derived", func() error { return b.block.InsertDerived(ctx, ch, db) }); err != nil {
		return nil, err
	}
	manifests := b.manifests(now)
	list := make([]store.Manifest, 0, len(manifests))
	for _, m := range manifests {
		list = append(list, *m)
	}
	return manifests, w.effect("manifest", func() error { return store.InsertManifests(ctx, ch, db, list) })
}

func (w *worker) flushed(ctx context.Context, b *buffer, manifests map[*partition]*store.Manifest) {
	if w.inFlight == b {
		w.inFlight, w.spare = nil, b
	}
	loaded := make(map[topicPartition]uint64, len(manifests))
	for p, m := range manifests {
		p.flushed(m)
		if w.partitions[p.part] == p {
			loaded[p.topicPartition] = p.loaded - uint64(p.shift)
		}
	}
	w.metrics.rows.Add(float64(b.block.Rows()))
	w.metrics.moved.Add(float64(len(b.strays)))
	for _, dead := range b.dead {
		w.metrics.deadLetters.WithLabelValues(dead.reason).Inc()
	}
	w.group.commit(ctx, loaded)
}
