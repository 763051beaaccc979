// Package topic reads the one partition of the catalog topic, read committed and without ever moving
// an offset by itself.
package topic

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// listTimeout bounds the two look-ups before the first fetch.
const listTimeout = 30 * time.Second

// Reader reads the topic from its start on. It has one user at a time.
type Reader struct {
	client   *kgo.Client
	topic    string
	position int64 // the next offset to see
	end      int64 // the end of the committed log when the reader was opened
	contact  *contact
}

// Open finds the end of the committed log and makes a reader that begins at the log's start. The
// caller closes it.
func Open(ctx context.Context, topic string, options ...kgo.Opt) (*Reader, error) {
	contact := &contact{}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.KeepControlRecords(), // a commit marker moves the position too
		kgo.WithHooks(contact),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	r := &Reader{client: client, topic: topic, contact: contact}
	if err := r.seek(ctx); err != nil {
		client.Close()
		return nil, err
	}
	return r, nil
}

// seek lists the bounds of the log and starts consuming at the lower one.
func (r *Reader) seek(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	admin := kadm.NewClient(r.client)
	starts, err := admin.ListStartOffsets(ctx, r.topic)
	if err != nil {
		return fmt.Errorf("list the start of %s: %w", r.topic, err)
	}
	ends, err := admin.ListCommittedOffsets(ctx, r.topic)
	if err != nil {
		return fmt.Errorf("list the end of %s: %w", r.topic, err)
	}
	start, okStart := starts.Lookup(r.topic, 0)
	end, okEnd := ends.Lookup(r.topic, 0)
	switch {
	case !okStart || !okEnd:
		return fmt.Errorf("topic %s: %w", r.topic, kerr.UnknownTopicOrPartition)
	case start.Err != nil:
		return fmt.Errorf("list the start of %s: %w", r.topic, start.Err)
	case end.Err != nil:
		return fmt.Errorf("list the end of %s: %w", r.topic, end.Err)
	}
	r.position, r.end = start.Offset, end.Offset
	r.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{
		r.topic: {0: kgo.NewOffset().At(start.Offset)},
	})
	return nil
}

// AtEnd reports whether everything was read that was committed when the reader was opened. Kafka's
// cleaner always keeps the last record of a log, so the position does reach the end.
func (r *Reader) AtEnd() bool { return r.position >= r.end }

// Next waits for committed records and returns them in the order of the log; the result may be empty
// when only markers were read. Any error means the reader is of no more use.
func (r *Reader) Next(ctx context.Context) ([]*kgo.Record, error) {
	fetches := r.client.PollFetches(ctx)
	for _, e := range fetches.Errors() {
		return nil, fmt.Errorf("fetch %s: %w", r.topic, e.Err)
	}
	var records []*kgo.Record
	for record := range fetches.RecordsAll() {
		r.position = record.Offset + 1
		if !record.Attrs.IsControl() {
			records = append(records, record)
		}
	}
	return records, nil
}

// Contact returns when a fetch last succeeded, and the longest time without one.
func (r *Reader) Contact() (last time.Time, longestGap time.Duration) {
	return r.contact.load()
}

// Close stops the reader's client.
func (r *Reader) Close() { r.client.Close() }

// contact watches fetches. Wall time on purpose: a suspended machine's monotonic clock stands still.
type contact struct {
	last atomic.Int64 // ns since the epoch
	gap  atomic.Int64 // ns
}

var _ kgo.HookBrokerE2E = (*contact)(nil)

// OnBrokerE2E notes every successful fetch. It runs before the fetched records are handed out.
func (c *contact) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key != int16(kmsg.Fetch) || e2e.Err() != nil {
		return
	}
	now := time.Now().UnixNano()
	previous := c.last.Swap(now)
	if gap := now - previous; previous != 0 && gap > c.gap.Load() {
		c.gap.Store(gap)
	}
}

func (c *contact) load() (time.Time, time.Duration) {
	gap := time.Duration(c.gap.Load())
	last := c.last.Load()
	if last == 0 {
		return time.Time{}, gap
	}
	return time.Unix(0, last), gap
}
