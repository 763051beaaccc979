package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// seam is how many src_offs are left out where a log was set back or made again. No worker of the old
// log can hold that many records that it has not written: nothing it still writes, to ClickHouse or
// to Redis, meets what comes after.
const seam = 1 << 32

// Finding is what recover has to decide on: a partition whose log does not go on where its load ends.
type Finding struct {
	Part      event.SrcPart
	Topic     string
	Condition aggregate.Condition
	// From and To are the src_offs to be given up, To not included.
	From, To uint64
	// Records is how many records that is; -1 when nobody can know, because the log that held them is gone.
	Records int64
	// After is when what was loaded last was loaded; Until is the time of the first record that is left,
	// zero when none is.
	After, Until time.Time

	topicID        [16]byte
	goesOn, logOff uint64 // src_off and offset at which the records of the log begin to be counted
}

// Source is the partition as operators name it: generation/partition.
func (f *Finding) Source() string {
	return fmt.Sprintf("%d/%d", f.Part.Generation(), f.Part.Partition())
}

// Examine compares the log of every partition of every announced generation with what was loaded from
// it, as workers do, and returns those that cannot go on by themselves, sorted. It writes nothing.
func (p *Pipeline) Examine(ctx context.Context) ([]Finding, error) {
	records, err := p.Records(ctx)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(p.Kafka...)
	if err != nil {
		return nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	var found []Finding
	for _, g := range generationsOf(records) {
		more, err := p.examine(ctx, admin, g)
		if err != nil {
			return nil, fmt.Errorf("generation %d: %w", g.GetNumber(), err)
		}
		found = append(found, more...)
	}
	return found, nil
}

// generationsOf are the announced generations, sorted.
func generationsOf(records map[string]*catalogpb.Record) []*catalogpb.Generation {
	var list []*catalogpb.Generation
	for _, record := range records {
		if g := record.GetGenerationRecord(); g != nil {
			list = append(list, g)
		}
	}
	slices.SortFunc(list, func(a, b *catalogpb.Generation) int { return int(a.GetNumber()) - int(b.GetNumber()) })
	return list
}

// topicLog is what Kafka says about one topic.
type topicLog struct {
	id                 [16]byte
	start, end, oldest kadm.ListedOffsets
}

func readTopic(ctx context.Context, admin *kadm.Client, topic string) (topicLog, error) {
	var log topicLog
	details, err := admin.ListTopics(kadm.WithAuthorizedOps(ctx), topic) // this way the client's cache is not asked
	if err == nil {
		err = details[topic].Err
	}
	if err != nil {
		return log, fmt.Errorf("look at topic %s: %w", topic, err)
	}
	log.id = details[topic].ID
	for _, list := range []struct {
		into *kadm.ListedOffsets
		ask  func() (kadm.ListedOffsets, error)
	}{
		{&log.start, func() (kadm.ListedOffsets, error) { return admin.ListStartOffsets(ctx, topic) }},
		{&log.end, func() (kadm.ListedOffsets, error) { return admin.ListCommittedOffsets(ctx, topic) }},
		{&log.oldest, func() (kadm.ListedOffsets, error) { return admin.ListOffsetsAfterMilli(ctx, 1, topic) }},
	} {
		if *list.into, err = list.ask(); err == nil {
			err = list.into.Error()
		}
		if err != nil {
			return log, fmt.Errorf("list the bounds of topic %s: %w", topic, err)
		}
	}
	return log, nil
}

func (p *Pipeline) examine(ctx context.Context, admin *kadm.Client, g *catalogpb.Generation) ([]Finding, error) {
	log, err := readTopic(ctx, admin, g.GetTopic())
	if err != nil {
		return nil, err
	}
	parts := make([]event.SrcPart, g.GetPartitions())
	for number := range parts {
		parts[number] = event.NewSrcPart(g.GetNumber(), uint32(number))
	}
	loaded, err := store.ReadLoaded(ctx, p.ClickHouse, p.Database, parts, p.now().Unix(), p.now().Unix())
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, part := range parts {
		f, err := p.examinePartition(ctx, admin, g.GetTopic(), log, part, loaded[part])
		if err != nil {
			return nil, err
		}
		if f.Condition != aggregate.ConditionNone {
			found = append(found, f)
		}
	}
	return found, nil
}

func (p *Pipeline) examinePartition(ctx context.Context, admin *kadm.Client, topic string, log topicLog, part event.SrcPart, loaded *store.Loaded) (Finding, error) {
	number := int32(part.Partition())
	start, known := log.start.Lookup(topic, number)
	end, both := log.end.Lookup(topic, number)
	if !known || !both {
		return Finding{}, fmt.Errorf("topic %s has no partition %d: make it again with as many partitions as it had", topic, number)
	}
	f := Finding{Part: part, Topic: topic, topicID: log.id, From: loaded.Position}
	position := int64(loaded.Position) - loaded.Shift
	f.Condition = aggregate.ConditionOf(loaded.TopicID, log.id, start.Offset, end.Offset, position)
	written, leaderEpoch, err := store.LastLoaded(ctx, p.ClickHouse, p.Database, part)
	if err != nil {
		return f, err
	}
	setBackTo := int64(-1)
	if f.Condition != aggregate.ConditionTopicReplaced && leaderEpoch >= 0 {
		if setBackTo, err = divergence(ctx, admin, topic, number, leaderEpoch, position); err != nil {
			return f, err
		}
		if setBackTo >= 0 {
			f.Condition = aggregate.ConditionLogRewound
		}
	}
	f.After = written
	if first, ok := log.oldest.Lookup(topic, number); ok && first.Timestamp > 0 {
		f.Until = time.UnixMilli(first.Timestamp)
	}
	switch f.Condition {
	case aggregate.ConditionLogTruncated:
		f.goesOn, f.logOff = uint64(start.Offset+loaded.Shift), uint64(start.Offset)
		f.To, f.Records = f.goesOn, int64(f.goesOn-f.From)
	case aggregate.ConditionTopicReplaced, aggregate.ConditionLogRewound:
		// Where it is not known from where on the offsets are used again, the log is read from its beginning:
		// what was counted before is found again by its identity, and counts once.
		f.goesOn, f.logOff = f.From+seam, uint64(max(0, setBackTo))
		f.To, f.Records = f.goesOn+uint64(max(0, start.Offset-int64(f.logOff))), -1
	}
	return f, nil
}

// divergence is the offset from which on the log holds other records than those that were loaded under
// a leader epoch, -1 when Kafka knows of none below position.
func divergence(ctx context.Context, admin *kadm.Client, topic string, partition, leaderEpoch int32, position int64) (int64, error) {
	asked := kadm.OffsetForLeaderEpochRequest{}
	asked.Add(topic, partition, leaderEpoch)
	answers, err := admin.OffsetForLeaderEpoch(ctx, asked)
	if err != nil {
		return -1, fmt.Errorf("ask where leader epoch %d of %s/%d ended: %w", leaderEpoch, topic, partition, err)
	}
	answer, ok := answers[topic][partition]
	if !ok || answer.Err != nil || answer.EndOffset < 0 || answer.EndOffset >= position {
		return -1, nil //nolint:nilerr // a broker that does not know says nothing about the log
	}
	return answer.EndOffset, nil
}

// ErrNotStopped says that a partition goes on by itself.
var ErrNotStopped = errors.New("nothing to recover")
