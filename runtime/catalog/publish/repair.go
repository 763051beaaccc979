package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/internal/topic"
)

// ErrNoPipeline says that the log holds no pipeline record: nothing was ever published there.
var ErrNoPipeline = errors.New("the catalog names no pipeline")

// Repair changes what only the owner's operator writes otherwise: in the owner's name it takes over
// from the publisher in office, which finds that out at its next batch (Repaired), and publishes what
// change returns. records is what the log holds, not to be changed; topic ids are taken as acknowledged.
func Repair(ctx context.Context, config Config, change func(records map[string]*catalogpb.Record) ([]*catalogpb.Record, error)) error {
	records, err := Read(ctx, config)
	if err != nil {
		return err
	}
	on := records[catalog.PipelineKey].GetPipeline()
	if on == nil {
		return fmt.Errorf("%w: %s", ErrNoPipeline, config.Topic)
	}
	config.Cluster, config.Object, config.TopicsAcknowledged = on.GetOwnerCluster(), on.GetOwnerObject(), true
	p, err := Open(ctx, config)
	if err != nil {
		return err
	}
	defer p.Close()
	changed, err := change(p.Records())
	if err != nil {
		return err
	}
	_, err = p.Publish(ctx, Batch{Records: changed})
	return err
}

// Read returns what the log holds, by key, without taking over from its publisher.
func Read(ctx context.Context, config Config) (map[string]*catalogpb.Record, error) {
	reader, err := topic.Open(ctx, config.Topic, config.Options...)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	p := &Publisher{config: config, held: map[string]held{}}
	if err := p.read(ctx, reader); err != nil {
		return nil, err
	}
	return p.Records(), nil
}

// Repaired says whether the publisher that held before was fenced by a Repair: the owner is the same,
// and what a repair changes, the epoch or the topics' ids, differs from what the log holds now.
func Repaired(ctx context.Context, config Config, before *catalogpb.Pipeline) (bool, error) {
	records, err := Read(ctx, config)
	if err != nil {
		return false, err
	}
	now := records[catalog.PipelineKey].GetPipeline()
	if now == nil || before == nil || now.GetOwnerCluster() != before.GetOwnerCluster() || now.GetOwnerObject() != before.GetOwnerObject() {
		return false, nil
	}
	ids := func(p *catalogpb.Pipeline) string {
		var all strings.Builder
		for _, t := range p.GetTopics() {
			fmt.Fprintf(&all, "%s %x\n", t.GetTopic(), t.GetId())
		}
		return all.String()
	}
	return now.GetEpoch() != before.GetEpoch() || ids(now) != ids(before), nil
}
