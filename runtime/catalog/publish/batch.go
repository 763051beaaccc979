package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Batch is what should be in the log. A key that is in neither list stays as it is: a shrunk list is
// no proof of a deletion.
type Batch struct {
	// Records are the wanted values. A record of generation 0 comes from a folder and takes the number
	// after the one on record when its digest differs, else the same; the record is not changed.
	// Nobody changes a record after it was passed in: the same pointer is the same value.
	Records []*catalogpb.Record
	// Deleted are keys whose object is proven to be gone or to have lost its grant. A campaign leaves
	// a `released` record, every other key a tombstone. A key in both lists is kept.
	Deleted []string
}

// Outcome tells what a batch changed.
type Outcome struct {
	Changed []string // keys, sorted
	Offset  int64    // of the last record written, -1 when nothing differed
}

// write is one record of a transaction; a nil record is a tombstone.
type write struct {
	key     string
	record  *catalogpb.Record
	encoded []byte
	stated  *catalogpb.Record // by the caller
}

// Publish writes the difference between the batch and the log in one transaction. After ErrFenced or
// a failed transaction the publisher is of no more use. Other errors mean that nothing was written.
func (p *Publisher) Publish(ctx context.Context, batch Batch) (Outcome, error) {
	if p.broken {
		return Outcome{}, ErrBroken
	}
	writes, err := p.difference(p.unlike(batch), batch.Deleted)
	if err != nil {
		return Outcome{Offset: -1}, err
	}
	p.last = slices.Clone(batch.Records)
	return p.write(ctx, writes)
}

// Revise writes other values of a few keys ahead of the next batch, which states all, as Publish would.
func (p *Publisher) Revise(ctx context.Context, records []*catalogpb.Record) (Outcome, error) {
	if p.broken {
		return Outcome{}, ErrBroken
	}
	writes, err := p.difference(records, nil)
	if err != nil {
		return Outcome{Offset: -1}, err
	}
	for _, w := range writes {
		if at := slices.Index(p.last, p.held[w.key].stated); at >= 0 {
			p.last[at] = w.stated
		} else {
			p.last = nil
		}
	}
	return p.write(ctx, writes)
}

// write makes one transaction.
func (p *Publisher) write(ctx context.Context, writes []write) (Outcome, error) {
	if len(writes) == 0 {
		return Outcome{Offset: -1}, nil
	}
	records := make([]*kgo.Record, len(writes))
	outcome := Outcome{Changed: make([]string, len(writes))}
	for i, w := range writes {
		records[i] = &kgo.Record{Topic: p.config.Topic, Key: []byte(w.key), Value: w.encoded}
		outcome.Changed[i] = w.key
	}
	if err := p.commit(ctx, records); err != nil {
		p.broken = true
		return Outcome{Offset: -1}, fmt.Errorf("publish %d records: %w", len(records), fenced(err))
	}
	for i, w := range writes {
		offset := records[i].Offset
		outcome.Offset = max(outcome.Offset, offset)
		if w.record == nil {
			delete(p.held, w.key)
			continue
		}
		p.held[w.key] = held{record: w.record, encoded: w.encoded, offset: offset, stated: w.stated}
	}
	return outcome, nil
}

// commit produces all records and ends the transaction; on any error it aborts.
func (p *Publisher) commit(ctx context.Context, records []*kgo.Record) error {
	if err := p.client.BeginTransaction(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	err := p.produce(ctx, records)
	if err == nil {
		err = p.awaitKnown(ctx)
	}
	if err != nil {
		aborting, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
		defer cancel()
		abort := p.client.EndTransaction(aborting, kgo.TryAbort)
		return fmt.Errorf("produce: %w", errors.Join(err, abort))
	}
	if err := p.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// produce waits for the fate of the records no longer than ctx: once a record was sent, the client itself
// would wait for its broker for ever. What is left waiting ends with Close.
func (p *Publisher) produce(ctx context.Context, records []*kgo.Record) error {
	fate := make(chan error, 1)
	go func() { fate <- p.client.ProduceSync(ctx, records...).FirstErr() }()
	select {
	case err := <-fate:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// awaitKnown waits until the client knows the partition that it has just produced to. The client's
// first records to a topic are sent while its look-up of the topic is still being filed. Ended in that
// moment (kgo 1.22.2), a transaction seems empty to it: it aborts, and reports a commit.
func (p *Publisher) awaitKnown(ctx context.Context) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		leader, _, err := p.client.PartitionLeader(p.config.Topic, 0)
		if leader >= 0 || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// unlike are the records of a batch that are not those of the last one: where only some were replaced, nobody has to
// look at all the others.
func (p *Publisher) unlike(batch Batch) []*catalogpb.Record {
	if len(batch.Deleted) > 0 || len(batch.Records) != len(p.last) {
		return batch.Records
	}
	var list []*catalogpb.Record
	for i, record := range batch.Records {
		if record == p.last[i] {
			continue
		}
		if catalog.KeyOf(record) != catalog.KeyOf(p.last[i]) {
			return batch.Records
		}
		list = append(list, record)
	}
	return list
}

// difference returns what must be written, sorted by key.
func (p *Publisher) difference(records []*catalogpb.Record, deleted []string) ([]write, error) {
	var writes []write
	wanted := make(map[string]bool, len(records))
	for _, record := range records {
		key := catalog.KeyOf(record)
		if wanted[key] {
			return nil, fmt.Errorf("two records for key %q", key)
		}
		wanted[key] = true
		on := p.held[key]
		if on.stated == record && record.GetPipeline() == nil {
			continue
		}
		w, err := p.wanted(key, record)
		if err != nil {
			return nil, err
		}
		w.stated = record
		if !bytes.Equal(w.encoded, on.encoded) {
			writes = append(writes, w)
		} else {
			on.stated = record
			p.held[key] = on
		}
	}
	for _, key := range deleted {
		if _, exists := p.held[key]; !exists || wanted[key] {
			continue
		}
		wanted[key] = true
		w, differs, err := p.deletion(key)
		if err != nil {
			return nil, err
		}
		if differs {
			writes = append(writes, w)
		}
	}
	slices.SortFunc(writes, func(a, b write) int { return strings.Compare(a.key, b.key) })
	return writes, nil
}

// wanted completes and checks one record.
func (p *Publisher) wanted(key string, record *catalogpb.Record) (write, error) {
	on := p.held[key].record
	if record.GetGeneration() == 0 {
		record = record.CloneVT()
		record.Generation = folderGeneration(on, record)
	}
	if pipeline := record.GetPipeline(); pipeline != nil {
		if err := errors.Join(p.checkOwner(pipeline), p.checkTopics(pipeline)); err != nil {
			return write{}, err
		}
	}
	return encode(key, record)
}

// folderGeneration numbers an object that has no metadata.generation of its own.
func folderGeneration(on, record *catalogpb.Record) int64 {
	if on != nil && bytes.Equal(on.GetDigest(), record.GetDigest()) {
		return on.GetGeneration()
	}
	return on.GetGeneration() + 1
}

// deletion is the released record of a campaign's id, which stays with its namespace, or a tombstone.
func (p *Publisher) deletion(key string) (w write, differs bool, err error) {
	on := p.held[key].record
	switch {
	case on.GetReleased() != nil:
		return write{}, false, nil
	case on.GetCampaign() == nil:
		return write{key: key}, true, nil
	}
	record := &catalogpb.Record{Generation: on.GetGeneration(), Body: &catalogpb.Record_Released{
		Released: &catalogpb.Released{Id: on.GetCampaign().GetId(), Namespace: on.GetCampaign().GetNamespace()},
	}}
	catalog.SetDigest(record)
	w, err = encode(key, record)
	return w, true, err
}

func encode(key string, record *catalogpb.Record) (write, error) {
	encoded, err := record.MarshalVT()
	if err != nil {
		return write{}, fmt.Errorf("encode record %q: %w", key, err)
	}
	if len(encoded) > catalog.MaxRecord {
		return write{}, fmt.Errorf("%w: %q has %d bytes, at most %d fit", ErrTooLarge, key, len(encoded), catalog.MaxRecord)
	}
	return write{key: key, record: record, encoded: encoded}, nil
}

// checkTopics compares the ids of the pipeline's topics with those on record.
func (p *Publisher) checkTopics(pipeline *catalogpb.Pipeline) error {
	if p.config.TopicsAcknowledged {
		return nil
	}
	known := make(map[string][]byte)
	for _, t := range p.pipeline().GetTopics() {
		known[t.GetTopic()] = t.GetId()
	}
	for _, t := range pipeline.GetTopics() {
		if id, ok := known[t.GetTopic()]; ok && !bytes.Equal(id, t.GetId()) {
			return fmt.Errorf("%w: topic %s is not the one that was counted before: acknowledge its loss, or restore it",
				ErrTopicReplaced, t.GetTopic())
		}
	}
	return nil
}
