package aggregate

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// stray is a record that counts in another generation than the one it was found in: whoever wrote it
// did not know yet that its time belongs there.
type stray struct {
	record *kgo.Record
	to     topicPartition
}

// moveStrays produces strays where they count and returns once all are acknowledged there, so that the
// manifest that covers them here comes after. Moved again, a stray is one more copy of the same event.
// It keeps its timestamp: whether it is too late was decided when it was first logged.
func (w *worker) moveStrays(ctx context.Context, strays []stray) error {
	records := make([]*kgo.Record, len(strays))
	for i, s := range strays {
		records[i] = &kgo.Record{
			Topic: s.to.topic, Partition: s.to.number,
			Key: s.record.Key, Value: s.record.Value, Headers: s.record.Headers, Timestamp: s.record.Timestamp,
		}
	}
	if err := w.mover.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("move %d records to the generation of their time: %w", len(strays), err)
	}
	return nil
}
