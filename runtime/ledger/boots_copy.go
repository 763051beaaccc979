package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// recordsAtOnce bounds what is taken from the client in one poll.
	recordsAtOnce = 500
	// idlePoll is how long a poll waits before the end of the topic is asked for again.
	idlePoll = 2 * time.Second
)

// copier copies a topic of one partition into a table whose rows are a function of the record: its
// position is read back from the table, and reading a record again is harmless.
type copier struct {
	options []kgo.Opt
	topic   string
	// position is the offset after the last record in the table.
	position func(context.Context) (int64, error)
	write    func(context.Context, []*kgo.Record) error

	client *kgo.Client // nil until the first pass and after a failure
	next   int64
}

// toEnd copies what is in the topic now, and returns when all of it is in the table.
func (c *copier) toEnd(ctx context.Context) error {
	if err := c.open(ctx); err != nil {
		c.close()
		return fmt.Errorf("open %s: %w", c.topic, err)
	}
	if err := c.copy(ctx); err != nil {
		c.close()
		return fmt.Errorf("copy %s: %w", c.topic, err)
	}
	return nil
}

func (c *copier) close() {
	if c.client != nil {
		c.client.Close()
		c.client = nil
	}
}

// open begins at the table's position, or at the start of a topic that does not hold it: one that
// was made again, or whose old records expired.
func (c *copier) open(ctx context.Context) error {
	if c.client != nil {
		return nil
	}
	next, err := c.position(ctx)
	if err != nil {
		return err
	}
	if c.client, err = kgo.NewClient(append(slices.Clip(c.options), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NoResetOffset()))...); err != nil {
		return err
	}
	start, end, err := c.bounds(ctx)
	if err != nil {
		return err
	}
	if next < start || next > end {
		next = start
	}
	c.next = next
	c.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{c.topic: {0: kgo.NewOffset().At(next)}})
	return nil
}

func (c *copier) bounds(ctx context.Context) (start, end int64, err error) {
	admin := kadm.NewClient(c.client)
	starts, err := admin.ListStartOffsets(ctx, c.topic)
	if err != nil {
		return 0, 0, err
	}
	ends, err := admin.ListCommittedOffsets(ctx, c.topic)
	if err != nil {
		return 0, 0, err
	}
	first, known := starts.Lookup(c.topic, 0)
	last, there := ends.Lookup(c.topic, 0)
	if !known || !there {
		return 0, 0, fmt.Errorf("topic %s has no partition 0", c.topic)
	}
	for _, listed := range []kadm.ListedOffset{first, last} {
		if listed.Err != nil {
			return 0, 0, listed.Err
		}
	}
	return first.Offset, last.Offset, nil
}

func (c *copier) copy(ctx context.Context) error {
	_, end, err := c.bounds(ctx)
	if err != nil {
		return err
	}
	if end < c.next {
		return fmt.Errorf("ends at %d, below %d where it was read: it was made again", end, c.next)
	}
	for c.next < end {
		records, err := c.poll(ctx)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			// What is left was compacted away, or the broker is not there: then this fails.
			if _, _, err := c.bounds(ctx); err != nil {
				return err
			}
			return nil
		}
		if err := c.write(ctx, records); err != nil {
			return err
		}
		c.next = records[len(records)-1].Offset + 1
	}
	return nil
}

// poll returns nothing when there was nothing for a while.
func (c *copier) poll(ctx context.Context) ([]*kgo.Record, error) {
	waiting, cancel := context.WithTimeout(ctx, idlePoll)
	defer cancel()
	fetches := c.client.PollRecords(waiting, recordsAtOnce)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, failed := range fetches.Errors() {
		if waiting.Err() == nil {
			return nil, failed.Err
		}
	}
	return fetches.Records(), nil
}
