package aggregate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// lookBackMargin is how long before a pane's minute its first event may have been logged: what a
// tracker accepts ahead of the clock, and a margin for clocks that differ.
const lookBackMargin = paneAhead + time.Minute

// logState is what Kafka says about the topic at one time.
type logState struct {
	at         time.Time
	topicID    [16]byte
	start, end map[int32]int64
	since      map[int32]int64 // first offset logged since the asked time; with lookBack only
}

// startOpen takes over what was assigned: reads where ClickHouse stands and begins to read the log.
// Without ClickHouse the live half begins alone, from a bounded look-back.
func (w *worker) startOpen(ctx context.Context, now time.Time) {
	l := &w.lanes.open
	if !l.free(now) {
		return
	}
	var waiting []*partition
	var parts []event.SrcPart
	for _, p := range w.partitions {
		if p.stopped == ConditionNone && !p.known && (w.cfg.ClickHouse != nil || p.liveNext < 0) {
			waiting, parts = append(waiting, p), append(parts, p.part)
		}
	}
	if len(waiting) == 0 {
		return
	}
	floor := paneFloor(now)
	w.run(ctx, l, func(ctx context.Context) (func(), error) {
		log, err := w.readLog(ctx, time.Unix(floor, 0).Add(-lookBackMargin))
		if err != nil {
			return nil, err
		}
		loaded, err := w.readLoaded(ctx, parts, floor, now)
		for _, part := range parts {
			if number := int32(part.Partition()); !log.bounded(number) {
				err = errors.Join(err, fmt.Errorf("partition %d of %s has no leader yet", number, w.topic))
			}
		}
		return func() {
			for _, p := range waiting {
				if w.partitions[p.number] == p {
					w.open(p, log, loaded[p.part], floor)
				}
			}
		}, err
	})
}

func (w *worker) readLoaded(ctx context.Context, parts []event.SrcPart, floor int64, now time.Time) (map[event.SrcPart]*store.Loaded, error) {
	if w.cfg.ClickHouse == nil {
		return nil, nil
	}
	if !w.schema.Load() {
		if err := store.EnsureSchema(ctx, w.cfg.ClickHouse, w.cfg.Database, w.cfg.Retention); err != nil {
			return nil, err
		}
		w.schema.Store(true)
	}
	return store.ReadLoaded(ctx, w.cfg.ClickHouse, w.cfg.Database, parts, floor, w.rawFloor(now))
}

func (w *worker) rawFloor(now time.Time) int64 {
	return now.AddDate(0, 0, -w.cfg.Retention.RawDays).Unix()
}

// open begins or completes the take-over of one partition; loaded is nil while ClickHouse is away.
func (w *worker) open(p *partition, log logState, loaded *store.Loaded, floor int64) {
	if !log.bounded(p.number) {
		return // not created yet, or without a leader; asked again
	}
	start := log.start[p.number]
	if loaded != nil {
		if condition := checkLog(log, p.number, loaded.TopicID, int64(loaded.Position)); condition != ConditionNone {
			w.stop(p, condition)
			return
		}
	}
	p.topicID = log.topicID
	if p.liveNext < 0 {
		from := liveStart(start, log.since[p.number], loaded)
		if from.partial {
			floor = log.at.Truncate(time.Minute).Add(paneAhead + time.Minute).Unix()
		}
		p.liveNext = from.offset
		p.panes = newPanes(p.part, w.epoch, w.cfg.Stated, floor)
		p.rewrite, p.history = true, true
		w.reader.AddConsumePartitions(map[string]map[int32]kgo.Offset{w.topic: {p.number: kgo.NewOffset().At(p.liveNext)}})
	}
	if loaded != nil {
		p.know(loaded, pace{fresh: w.cfg.FreshEvery, growth: w.cfg.OldGrowth})
		p.reviewed = log.at
	}
	w.cfg.Log.Info("partition taken over", "partition", p.number, "liveFrom", p.liveNext, "loadFrom", p.loadNext, "clickHouse", loaded != nil)
}

// liveFrom is where the live half begins; partial when records of open panes may lie before it.
type liveFrom struct {
	offset  int64
	partial bool
}

// liveStart chooses the first record that may fall into an open pane: by the manifests that touch
// them, or, where none does, by the time it was logged, which keeps the live half from reading a
// backlog of the load.
func liveStart(logStart, since int64, loaded *store.Loaded) liveFrom {
	switch {
	case loaded == nil:
		// The look-back ends at the start of a log that was cut: what was there before is unknown.
		return liveFrom{offset: since, partial: since == logStart && logStart > 0}
	case loaded.LiveFrom < loaded.Position:
		from := int64(loaded.LiveFrom)
		return liveFrom{offset: max(from, logStart), partial: from < logStart}
	}
	return liveFrom{offset: max(int64(loaded.Position), since)}
}

// checkLog compares the log with what was loaded from it. position is the next offset to load.
func checkLog(log logState, number int32, loadedID [16]byte, position int64) Condition {
	switch {
	case loadedID != [16]byte{} && loadedID != log.topicID:
		return ConditionTopicReplaced
	case log.start[number] > position:
		return ConditionLogTruncated
	case log.end[number] < position:
		return ConditionLogRewound
	}
	return ConditionNone
}

// readLog asks Kafka for the topic's id and its partitions' bounds, and, unless since is zero, for
// the first offsets logged since then.
func (w *worker) readLog(ctx context.Context, since time.Time) (logState, error) {
	log := logState{at: w.cfg.Now(), start: map[int32]int64{}, end: map[int32]int64{}, since: map[int32]int64{}}
	topics, err := w.admin.ListTopics(ctx, w.topic)
	if err == nil {
		err = topics[w.topic].Err
	}
	if err != nil {
		return log, fmt.Errorf("look at topic %s: %w", w.topic, err)
	}
	log.topicID = topics[w.topic].ID
	starts, err := w.admin.ListStartOffsets(ctx, w.topic)
	if err != nil {
		return log, fmt.Errorf("list the start of %s: %w", w.topic, err)
	}
	ends, err := w.admin.ListCommittedOffsets(ctx, w.topic)
	if err != nil {
		return log, fmt.Errorf("list the end of %s: %w", w.topic, err)
	}
	log.take(starts, ends)
	if since.IsZero() {
		return log, nil
	}
	after, err := w.admin.ListOffsetsAfterMilli(ctx, since.UnixMilli(), w.topic)
	if err != nil {
		return log, fmt.Errorf("look back in %s: %w", w.topic, err)
	}
	log.lookBack(after)
	return log, nil
}

func (l *logState) take(starts, ends kadm.ListedOffsets) {
	answered(starts, l.start)
	answered(ends, l.end)
}

// lookBack takes in the first offsets of an age, asked after the ends. Where no record was that young
// kadm asks for the end, and meanwhile some may have come: they lie above the end seen before.
func (l *logState) lookBack(after kadm.ListedOffsets) {
	answered(after, l.since)
	for number, offset := range l.since {
		l.since[number] = min(offset, l.end[number])
	}
}

// bounded says whether all that a take-over needs to know of the partition was answered.
func (l *logState) bounded(number int32) bool {
	_, start := l.start[number]
	_, end := l.end[number]
	_, since := l.since[number]
	return start && end && since
}

// answered leaves out partitions that have no leader just now: what is listed for those is no offset.
func answered(listed kadm.ListedOffsets, to map[int32]int64) {
	listed.Each(func(o kadm.ListedOffset) {
		if o.Err == nil {
			to[o.Partition] = o.Offset
		}
	})
}
