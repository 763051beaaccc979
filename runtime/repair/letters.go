package repair

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// letterPoll bounds one wait for dead letters; the end that is read to is known to be there.
const letterPoll = 30 * time.Second

// Letter is a record that could not be counted, by the place where it stood.
type Letter struct {
	Part    event.SrcPart
	Offset  uint64 // src_off
	Reason  string
	Written time.Time
	Replays time.Time // when it was last produced again; zero: never
	Value   []byte
	Cut     bool // only its beginning was kept: it was larger than any event may be
}

// Source is where the letter stood: generation/partition/offset.
func (l *Letter) Source() string {
	return fmt.Sprintf("%d/%d/%d", l.Part.Generation(), l.Part.Partition(), l.Offset)
}

// Wanted chooses letters; zero values choose all.
type Wanted struct {
	Reason   string
	From, To time.Time // of the letter, To not included
	Limit    int
}

func (w *Wanted) takes(l *Letter) bool {
	return (w.Reason == "" || w.Reason == l.Reason) && !l.Written.Before(w.From) && (w.To.IsZero() || l.Written.Before(w.To))
}

// Letters reads the dead letters, oldest first, each place once.
func (p *Pipeline) Letters(ctx context.Context, wanted Wanted) ([]Letter, error) {
	records, err := p.Records(ctx)
	if err != nil {
		return nil, err
	}
	replayed, err := store.ReadReplays(ctx, p.ClickHouse, p.Database)
	if err != nil {
		return nil, err
	}
	generations := map[string]uint32{}
	for _, g := range generationsOf(records) {
		generations[g.GetTopic()] = g.GetNumber()
	}
	var letters []Letter
	seen := map[store.Place]bool{}
	err = p.eachLetter(ctx, func(record *kgo.Record) bool {
		l, ok := letterOf(record, generations)
		at := store.Place{SrcPart: l.Part, Offset: l.Offset}
		if !ok || seen[at] || !wanted.takes(&l) {
			return true
		}
		seen[at] = true
		l.Replays = replayed[at]
		letters = append(letters, l)
		return wanted.Limit == 0 || len(letters) < wanted.Limit
	})
	return letters, err
}

// eachLetter reads the topic to the end that it has now, until take says that it is enough.
func (p *Pipeline) eachLetter(ctx context.Context, take func(*kgo.Record) bool) error {
	topic := p.Topics.DeadLetters()
	client, err := kgo.NewClient(append(slices.Clip(p.Kafka),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	starts, err2 := kadm.NewClient(client).ListStartOffsets(ctx, topic)
	if err == nil {
		err = err2
	}
	if err != nil {
		return fmt.Errorf("look at the dead letters: %w", err)
	}
	left := map[int32]int64{} // partitions with letters, and the end to read to
	ends.Each(func(o kadm.ListedOffset) {
		if start, _ := starts.Lookup(topic, o.Partition); o.Offset > start.Offset {
			left[o.Partition] = o.Offset
		}
	})
	for len(left) > 0 {
		waiting, cancel := context.WithTimeout(ctx, letterPoll)
		fetches := client.PollFetches(waiting)
		cancel()
		if err := fetches.Err0(); err != nil {
			return fmt.Errorf("read the dead letters: %w", err)
		}
		for record := range fetches.RecordsAll() {
			if record.Offset >= left[record.Partition] {
				continue
			}
			if record.Offset+1 == left[record.Partition] {
				delete(left, record.Partition)
			}
			if !take(record) {
				return nil
			}
		}
	}
	return nil
}

// letterOf reads a dead letter's headers; false for what no aggregator of ours wrote.
func letterOf(record *kgo.Record, generations map[string]uint32) (Letter, bool) {
	l := Letter{Written: record.Timestamp, Value: record.Value}
	var topic string
	var partition, offset uint64
	var errs [2]error
	for _, h := range record.Headers {
		switch value := string(h.Value); h.Key {
		case "reason":
			l.Reason = value
		case "topic":
			topic = value
		case "partition":
			partition, errs[0] = strconv.ParseUint(value, 10, 16)
		case "offset":
			offset, errs[1] = strconv.ParseUint(value, 10, 64)
		case "size":
			l.Cut = true
		}
	}
	generation, known := generations[topic]
	l.Part, l.Offset = event.NewSrcPart(generation, uint32(partition)), offset
	return l, known && errs[0] == nil && errs[1] == nil && l.Reason != ""
}

// rawDaysOf is how long the pipeline keeps raw events.
func rawDaysOf(records map[string]*catalogpb.Record) int {
	return int(records[catalog.PipelineKey].GetPipeline().GetRawDays())
}
