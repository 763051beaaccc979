package aggregate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// lookBackMargin is how long before a pane's minute its first event may have been logged: what a
// tracker accepts ahead of the clock, and a margin for clocks that differ.
const lookBackMargin = paneAhead + time.Minute

// logState is what Kafka says about topics at one time.
type logState struct {
	at         time.Time
	topicIDs   map[string][16]byte
	start, end map[topicPartition]int64
	since      map[topicPartition]int64 // first offset logged since the asked time; with lookBack only
}

func newLogState(at time.Time) logState {
	return logState{
		at: at, topicIDs: map[string][16]byte{},
		start: map[topicPartition]int64{}, end: map[topicPartition]int64{}, since: map[topicPartition]int64{},
	}
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
		if p.stopped == ConditionNone && !p.known && (w.cfg.ClickHouse != nil || p.liveNext < 0) || w.asksAgain(p, now) {
			waiting, parts = append(waiting, p), append(parts, p.part)
		}
	}
	if len(waiting) == 0 {
		return
	}
	floor, topics := paneFloor(now), w.topicsOf(slices.Values(waiting))
	w.run(ctx, l, func(ctx context.Context) (func(), error) {
		log, err := w.readLog(ctx, topics, time.Unix(floor, 0).Add(-lookBackMargin))
		if len(log.end) == 0 {
			return nil, err
		}
		loaded, err2 := w.readLoaded(ctx, parts, floor, now)
		err = errors.Join(err, err2)
		for _, p := range waiting {
			if !log.bounded(p.topicPartition) {
				err = errors.Join(err, fmt.Errorf("partition %s has no leader yet", p))
			}
		}
		return func() {
			for _, p := range waiting {
				switch {
				case w.partitions[p.part] != p:
				case p.stopped != ConditionNone:
					w.resume(p, log, loaded[p.part])
				default:
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
	if !log.bounded(p.topicPartition) {
		return // not created yet, or without a leader; asked again
	}
	if loaded != nil {
		p.lost = loaded.Lost
		if condition := checkLog(log, p.topicPartition, loaded.TopicID, int64(loaded.Position)-loaded.Shift); condition != ConditionNone {
			w.stop(p, condition)
			return
		}
		w.setShift(p, loaded.Shift)
		w.adopt(p.topic, log.topicIDs[p.topic])
	}
	start := log.start[p.topicPartition] + p.shift
	p.topicID = log.topicIDs[p.topic]
	if p.liveNext < 0 {
		from := liveStart(start, log.since[p.topicPartition]+p.shift, loaded)
		if from.partial {
			floor = log.at.Truncate(time.Minute).Add(paneAhead + time.Minute).Unix()
		}
		p.liveNext = from.offset
		p.panes = newPanes(p.part, w.epoch, w.cfg.Stated, floor)
		p.rewrite, p.history = true, true
		w.reader.AddConsumePartitions(map[string]map[int32]kgo.Offset{p.topic: {p.number: p.inLog(p.liveNext)}})
	}
	if loaded != nil {
		p.know(loaded, pace{fresh: w.cfg.FreshEvery, growth: w.cfg.OldGrowth})
		p.reviewed = log.at
	}
	w.cfg.Log.Info("partition taken over", "partition", p.String(), "liveFrom", p.liveNext, "loadFrom", p.loadNext, "clickHouse", loaded != nil)
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
func checkLog(log logState, at topicPartition, loadedID [16]byte, position int64) Condition {
	return ConditionOf(loadedID, log.topicIDs[at.topic], log.start[at], log.end[at], position)
}

// ConditionOf compares a partition's log, from start to end under the topic's id, with what was loaded:
// under which id, zero where nothing was, and up to which position. All offsets are the log's own.
func ConditionOf(loadedID, id [16]byte, start, end, position int64) Condition {
	switch {
	case loadedID != [16]byte{} && loadedID != id:
		return ConditionTopicReplaced
	case start > position:
		return ConditionLogTruncated
	case end < position:
		return ConditionLogRewound
	}
	return ConditionNone
}

// topicsOf lists the topics of partitions.
func (w *worker) topicsOf(list iter.Seq[*partition]) []string {
	topics := map[string]struct{}{}
	for p := range list {
		topics[p.topic] = struct{}{}
	}
	return slices.Sorted(maps.Keys(topics))
}

// readLog asks Kafka for the ids of topics and their partitions' bounds, and, unless since is zero, for
// the first offsets logged since then. What it returns beside an error is right and lacks some topics.
func (w *worker) readLog(ctx context.Context, topics []string, since time.Time) (logState, error) {
	log := newLogState(w.cfg.Now())
	var errs error
	for _, topic := range topics {
		detail, err := w.describe(ctx, topic)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		log.topicIDs[topic] = detail.ID
	}
	if len(log.topicIDs) == 0 {
		return log, errs
	}
	topics = slices.Sorted(maps.Keys(log.topicIDs))
	starts, err := w.admin.ListStartOffsets(ctx, topics...)
	if err != nil {
		return log, errors.Join(errs, fmt.Errorf("list the start of the log: %w", err))
	}
	ends, err := w.admin.ListCommittedOffsets(ctx, topics...)
	if err != nil {
		return log, errors.Join(errs, fmt.Errorf("list the end of the log: %w", err))
	}
	log.take(starts, ends)
	if since.IsZero() {
		return log, errs
	}
	after, err := w.admin.ListOffsetsAfterMilli(ctx, since.UnixMilli(), topics...)
	if err != nil {
		return log, errors.Join(errs, fmt.Errorf("look back in the log: %w", err))
	}
	log.lookBack(after)
	return log, errs
}

func (w *worker) describe(ctx context.Context, topic string) (kadm.TopicDetail, error) {
	topics, err := w.admin.ListTopics(ctx, topic)
	if err == nil {
		err = topics[topic].Err
	}
	if err != nil {
		return kadm.TopicDetail{}, fmt.Errorf("look at topic %s: %w", topic, err)
	}
	return topics[topic], nil
}

func (l *logState) take(starts, ends kadm.ListedOffsets) {
	answered(starts, l.start)
	answered(ends, l.end)
}

// lookBack takes in the first offsets of an age, asked after the ends. Where no record was that young
// kadm asks for the end, and meanwhile some may have come: they lie above the end seen before.
func (l *logState) lookBack(after kadm.ListedOffsets) {
	answered(after, l.since)
	for at, offset := range l.since {
		l.since[at] = min(offset, l.end[at])
	}
}

// bounded says whether all that a take-over needs to know of the partition was answered.
func (l *logState) bounded(at topicPartition) bool {
	_, start := l.start[at]
	_, end := l.end[at]
	_, since := l.since[at]
	return start && end && since
}

// answered leaves out partitions that have no leader just now: what is listed for those is no offset.
func answered(listed kadm.ListedOffsets, to map[topicPartition]int64) {
	listed.Each(func(o kadm.ListedOffset) {
		if o.Err == nil {
			to[topicPartition{o.Topic, o.Partition}] = o.Offset
		}
	})
}
