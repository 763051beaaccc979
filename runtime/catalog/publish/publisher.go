// Package publish writes compiled records to the catalog topic: one fenced writer, one transaction
// per batch, only what differs (design 5). It creates no topics.
package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/internal/topic"
)

const (
	// transactionTimeout bounds a transaction that its publisher never ends.
	transactionTimeout = 30 * time.Second
	// deliveryTimeout bounds the writing of one batch; it is shorter, so that we abort first.
	deliveryTimeout = 20 * time.Second
	// abortTimeout bounds the abort of a batch that failed; the next publisher aborts what it leaves.
	abortTimeout = 3 * time.Second
)

var (
	// ErrFenced says that another publisher has taken over the transactional id. This one must stop.
	ErrFenced = errors.New("fenced by another publisher")
	// ErrPrefixOwned says that the topic belongs to another pipeline object or cluster; nothing was written.
	ErrPrefixOwned = errors.New("PrefixOwned")
	// ErrTopicReplaced says that a topic was deleted and made again under its old name; nothing was written.
	ErrTopicReplaced = errors.New("TopicReplaced")
	// ErrTooLarge says that a record is above catalog.MaxRecord; nothing of its batch was written.
	ErrTooLarge = errors.New("record too large")
	// ErrBroken says that an earlier batch failed, so what the log holds is unknown. Open a new publisher.
	ErrBroken = errors.New("publisher is broken by an earlier error: open a new one")
)

// Config says where to publish and for whom.
type Config struct {
	// Options reach the brokers: kgo.SeedBrokers and what security needs. Required.
	Options []kgo.Opt
	// Topic is the catalog topic, which must exist. Required.
	Topic string
	// TransactionalID is the pipeline's; who initialises it last is the only writer. Required.
	TransactionalID string
	// Cluster and Object are the owner that the pipeline record must name. Required.
	Cluster, Object string
	// TopicsAcknowledged accepts topic ids other than those on record.
	TopicsAcknowledged bool
}

// Publisher is the one writer of a catalog topic. It has one user at a time.
type Publisher struct {
	config Config
	client *kgo.Client
	held   map[string]held
	last   []*catalogpb.Record // of the last batch, all of which the log holds; nil while that is unknown
	broken bool
}

// held is what the log holds under one key.
type held struct {
	record  *catalogpb.Record
	encoded []byte
	offset  int64
	stated  *catalogpb.Record // the caller's record that was found to be this one
}

// Open fences every earlier publisher, which aborts what it had open, and then reads the log to its
// end. It fails with ErrPrefixOwned, without fencing anybody, when the log names another owner. The caller
// closes the result.
func Open(ctx context.Context, config Config) (*Publisher, error) {
	on, err := Read(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := (&Publisher{config: config}).checkOwner(on[catalog.PipelineKey].GetPipeline()); err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.TransactionalID(config.TransactionalID),
		kgo.TransactionTimeout(transactionTimeout),
		kgo.RecordDeliveryTimeout(deliveryTimeout),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0),
	}, config.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	p := &Publisher{config: config, client: client, held: map[string]held{}}
	if err := p.open(ctx); err != nil {
		client.Close()
		return nil, err
	}
	return p, nil
}

func (p *Publisher) open(ctx context.Context) error {
	// Before this call nothing is fenced, and what we would read could still change under us.
	if _, _, err := p.client.ProducerID(ctx); err != nil {
		return fmt.Errorf("initialise transactional id %q: %w", p.config.TransactionalID, fenced(err))
	}
	reader, err := topic.Open(ctx, p.config.Topic, p.config.Options...)
	if err != nil {
		return err
	}
	defer reader.Close()
	if err := p.read(ctx, reader); err != nil {
		return err
	}
	return p.checkOwner(p.pipeline())
}

// read takes in the log up to its end.
func (p *Publisher) read(ctx context.Context, reader *topic.Reader) error {
	for !reader.AtEnd() {
		records, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		for _, r := range records {
			p.note(string(r.Key), r.Value, r.Offset)
		}
	}
	return nil
}

// note keeps what a committed record says. A value that cannot be decoded is held without a record,
// so that it differs from whatever is published next.
func (p *Publisher) note(key string, value []byte, offset int64) {
	if value == nil {
		delete(p.held, key)
		return
	}
	ch := catalog.Decode(key, value, offset, catalog.Level)
	p.held[key] = held{record: ch.Record, encoded: value, offset: offset}
}

// Records returns what the log holds, by key: the `previous` of the compiler. The map is a copy, the
// records are shared and must not be changed.
func (p *Publisher) Records() map[string]*catalogpb.Record {
	records := make(map[string]*catalogpb.Record, len(p.held))
	for key, h := range p.held {
		if h.record != nil {
			records[key] = h.record
		}
	}
	return records
}

// Offset returns the offset of the record under key, -1 when there is none: a process whose applied
// offset is at least this serves it.
func (p *Publisher) Offset(key string) int64 {
	if h, ok := p.held[key]; ok {
		return h.offset
	}
	return -1
}

// Record returns what the log holds under key and its offset; nil and -1 when there is nothing. It also
// answers after Close.
func (p *Publisher) Record(key string) (*catalogpb.Record, int64) {
	if h, ok := p.held[key]; ok {
		return h.record, h.offset
	}
	return nil, -1
}

// Close stops the client. A transaction that is still open is aborted by the next publisher.
func (p *Publisher) Close() { p.client.Close() }

func (p *Publisher) pipeline() *catalogpb.Pipeline {
	return p.held[catalog.PipelineKey].record.GetPipeline()
}

// checkOwner compares a pipeline record, nil when there is none yet, with our own identity.
func (p *Publisher) checkOwner(on *catalogpb.Pipeline) error {
	if on == nil || on.GetOwnerCluster() == p.config.Cluster && on.GetOwnerObject() == p.config.Object {
		return nil
	}
	return fmt.Errorf("%w: topic %s belongs to pipeline %s/%s (object %s of cluster %s): use another topicPrefix",
		ErrPrefixOwned, p.config.Topic, on.GetNamespace(), on.GetName(), on.GetOwnerObject(), on.GetOwnerCluster())
}

// fenced marks the errors by which Kafka says that another producer holds our transactional id.
func fenced(err error) error {
	if errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.ProducerFenced) {
		return fmt.Errorf("%w: %w", ErrFenced, err)
	}
	return err
}
