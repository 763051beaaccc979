package aggregate

import (
	"context"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
)

// deadLetter is a record that cannot be counted, with why.
type deadLetter struct {
	record *kgo.Record
	reason string
}

// produceDead writes dead letters with where they come from. A flush that is tried again produces
// them again; their coordinates tell the copies.
func (w *worker) produceDead(ctx context.Context, dead []deadLetter) error {
	records := make([]*kgo.Record, len(dead))
	for i, d := range dead {
		records[i] = d.letter(w.cfg.Topics.DeadLetters())
	}
	if err := w.reader.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("produce %d dead letters: %w", len(dead), err)
	}
	return nil
}

// letter is the record as it goes to the dead letters. One that is larger than any event may be was
// made by a stranger and can never be counted: only its beginning is kept, with its size, because
// with our headers it might not fit into the topic, and the flush would wait for it for ever.
func (d deadLetter) letter(topic string) *kgo.Record {
	headers := []kgo.RecordHeader{
		{Key: "reason", Value: []byte(d.reason)},
		{Key: "topic", Value: []byte(d.record.Topic)},
		{Key: "partition", Value: strconv.AppendInt(nil, int64(d.record.Partition), 10)},
		{Key: "offset", Value: strconv.AppendInt(nil, d.record.Offset, 10)},
	}
	size := len(d.record.Key) + len(d.record.Value)
	for _, h := range d.record.Headers {
		size += len(h.Key) + len(h.Value)
	}
	if size > event.MaxRecord {
		return &kgo.Record{
			Topic: topic, Value: d.record.Value[:min(len(d.record.Value), event.MaxRecord)],
			Headers: append(headers, kgo.RecordHeader{Key: "size", Value: strconv.AppendInt(nil, int64(size), 10)}),
		}
	}
	return &kgo.Record{Topic: topic, Key: d.record.Key, Value: d.record.Value, Headers: append(headers, d.record.Headers...)}
}
