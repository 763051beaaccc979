package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/journal"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

const (
	generation = 1
	partitions = 4
	poll       = 10_000 // records per poll, as the aggregator asks
)

// EventLog is one topic of made-up traffic on a broker in another process.
type EventLog struct {
	Seeds    []kgo.Opt
	Topics   topics.Names
	Events   int
	Distinct int
	Start    time.Time // of the traffic
	Bytes    int64     // of values
}

// WriteEventLog makes the topic and writes events as trackers do: their producer's options, their codec.
// With keyed each record's key is its ad, which trackers leave out.
func WriteEventLog(ctx context.Context, seeds []string, prefix string, events int, keyed bool, progress io.Writer) (*EventLog, error) {
	log := &EventLog{
		Seeds: []kgo.Opt{kgo.SeedBrokers(seeds...)}, Topics: topics.Names{Prefix: prefix}, Events: events,
		Start: time.Now().UTC().Truncate(time.Minute).Add(-Span(events) - time.Minute),
	}
	client, err := kgo.NewClient(append(append(log.Seeds, journal.ClientOpts(0, 0)...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.RecordDeliveryTimeout(24*time.Hour), kgo.ProduceRequestTimeout(time.Minute))...) // counted from the timestamps, which are old
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if _, err := topics.Ensure(ctx, kadm.NewClient(client), log.Topics, topics.Config{Generation: generation, Partitions: partitions, Replication: 1}); err != nil {
		return nil, err
	}
	traffic := NewTraffic(1, log.Start, generation, partitions)
	failures := make(chan error, 1)
	for made := range events {
		record, err := traffic.Next()
		if err != nil {
			return nil, err
		}
		log.Bytes += int64(len(record.Value))
		out := &kgo.Record{Topic: log.Topics.Events(generation), Partition: int32(record.Partition), Timestamp: record.Time, Value: record.Value}
		if keyed {
			out.Key = []byte(record.Ad)
		}
		client.Produce(ctx, out, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failures <- err:
				default:
				}
			}
		})
		if step := max(events/10, 1); made%step == step-1 {
			fmt.Fprintf(progress, "wrote %d of %d events\n", made+1, events)
		}
	}
	if err := client.Flush(ctx); err != nil {
		return nil, err
	}
	select {
	case err := <-failures:
		return nil, fmt.Errorf("write the log: %w", err)
	default:
	}
	log.Distinct = traffic.Distinct()
	return log, nil
}

// Poll reads the whole log with franz-go and hands its records, partition by partition, to take.
func (l *EventLog) Poll(ctx context.Context, take func([]*kgo.Record) error) error {
	from := map[int32]kgo.Offset{}
	for partition := range int32(partitions) {
		from[partition] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(append(l.Seeds,
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{l.Topics.Events(generation): from}))...)
	if err != nil {
		return err
	}
	defer client.Close()
	for seen := 0; seen < l.Events; {
		fetches := client.PollRecords(ctx, poll)
		if err := errors.Join(fetches.Err(), ctx.Err()); err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		fetches.EachPartition(func(f kgo.FetchTopicPartition) {
			seen += len(f.Records)
			if take != nil && err == nil {
				err = take(f.Records)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
