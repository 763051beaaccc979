package aggregate

import (
	"context"
	"slices"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// publication is one second's live values on their way to Redis.
type publication struct {
	parts  []event.SrcPart
	asOf   []time.Time
	writes []store.LiveWrite
	full   map[event.SrcPart]bool // all open panes are among the writes
}

// startPublish writes what changed in the panes, all of it now and then, and after a loss. Only after
// their values were taken may panes close.
func (w *worker) startPublish(ctx context.Context, now time.Time) {
	l := &w.lanes.publish
	if !l.free(now) || now.Sub(w.lastLive) < w.cfg.PublishEvery {
		return
	}
	w.lastLive = now
	all := now.Sub(w.lastAll) >= w.cfg.RewriteEvery
	if all {
		w.lastAll = now
	}
	pub := publication{full: map[event.SrcPart]bool{}}
	for _, p := range w.partitions {
		if p.liveNext < 0 {
			continue
		}
		full := all || p.rewrite
		pub.writes = append(pub.writes, p.publish(now, uint64(p.liveNext), full)...)
		pub.parts, pub.asOf = append(pub.parts, p.part), append(pub.asOf, p.asOf)
		pub.full[p.part] = full
		p.rewrite = false
	}
	if len(pub.parts) == 0 {
		return
	}
	w.run(ctx, l, func(ctx context.Context) (func(), error) {
		lost, err := w.publish(ctx, pub)
		return func() { w.published(pub, lost, err) }, err
	})
}

// publish takes the changed values of the panes, or all of them, and lets old panes close.
func (p *partition) publish(now time.Time, offset uint64, all bool) []store.LiveWrite {
	writes := p.panes.changed(offset, all)
	p.panes.close(now)
	p.history = p.history || p.panes.dropped
	p.panes.dropped = false
	return writes
}

// publish returns the parts whose data Redis lost. Their marker is set once all open panes are written;
// the minute rows follow, because published asks for them.
func (w *worker) publish(ctx context.Context, pub publication) ([]event.SrcPart, error) {
	missing, err := w.live.Lost(ctx, pub.parts)
	if err != nil {
		return nil, err
	}
	if err := w.effect("live", func() error { return w.live.Write(ctx, pub.writes) }); err != nil {
		return nil, err
	}
	w.metrics.liveWrites.Add(float64(len(pub.writes)))
	var parts, restored []event.SrcPart
	var asOf []time.Time
	for i, part := range pub.parts {
		lost := slices.Contains(missing, part)
		if lost && !pub.full[part] || pub.asOf[i].IsZero() {
			continue
		}
		parts, asOf = append(parts, part), append(asOf, pub.asOf[i])
		if lost {
			restored = append(restored, part)
		}
	}
	if err := w.live.Finish(ctx, parts, asOf); err != nil {
		return nil, err
	}
	return missing, w.live.Restored(ctx, restored)
}

// published notes what has to be written again.
func (w *worker) published(pub publication, lost []event.SrcPart, err error) {
	if err != nil {
		lost = pub.parts
	}
	for _, part := range lost {
		if p := w.partitions[part]; p != nil {
			p.rewrite, p.history = true, true
		}
	}
}

// publishHistory writes minute rows at their marks to Redis, at the ver of the rows.
func (w *worker) publishHistory(ctx context.Context, parts []event.SrcPart, from, to time.Time, wanted func(event.SrcPart, int64) bool) error {
	rows, err := store.ReadMinuteRows(ctx, w.cfg.ClickHouse, w.cfg.Database, parts, from, to)
	if err != nil {
		return err
	}
	writes := store.LiveWritesOf(rows, wanted)
	return w.effect("history", func() error { return w.live.Write(ctx, writes) })
}
