package repair

import (
	"context"
	"errors"
	"fmt"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/store"
)

// maxOffset is the first src_off that does not fit into a ver.
const maxOffset = 1 << 48

// Recover gives up what a finding names and lets the partition go on behind it. Records of a log that
// was set back or made again get src_offs that no record ever had. Workers go on by themselves. It may
// be interrupted anywhere: until its last step, the Lost manifest, nothing has changed for them.
func (p *Pipeline) Recover(ctx context.Context, f Finding, by string) error {
	switch {
	case f.Condition == aggregate.ConditionNone:
		return fmt.Errorf("%w: %s", ErrNotStopped, f.Source())
	case by == "":
		return errors.New("state who gives the records up")
	case f.To >= maxOffset:
		return fmt.Errorf("partition %s: offset %d does not fit into a version: start another generation", f.Source(), f.To)
	}
	err := p.step("recovery", func() error {
		return store.InsertRecovery(ctx, p.ClickHouse, p.Database, store.Recovery{
			SrcPart: f.Part, From: f.From, To: f.goesOn, LogOffset: f.logOff, TopicID: f.topicID,
			Condition: string(f.Condition), By: by, Recovered: p.now(),
		})
	})
	if err != nil {
		return fmt.Errorf("write the recovery of %s: %w", f.Source(), err)
	}
	if f.Condition == aggregate.ConditionTopicReplaced {
		if err := p.step("acknowledge", func() error { return p.acknowledge(ctx, f) }); err != nil {
			return fmt.Errorf("acknowledge the new topic %s: %w", f.Topic, err)
		}
	}
	err = p.step("lost", func() error {
		return store.InsertManifests(ctx, p.ClickHouse, p.Database, []store.Manifest{{
			SrcPart: f.Part, From: f.From, To: f.To, TopicID: f.topicID, LeaderEpoch: -1, Lost: true, Written: p.now(),
		}})
	})
	if err != nil {
		return fmt.Errorf("write the manifest of what %s lost: %w", f.Source(), err)
	}
	return nil
}

// acknowledge makes the topic's new id the one on record, so that the catalog's owner publishes again.
func (p *Pipeline) acknowledge(ctx context.Context, f Finding) error {
	return publish.Repair(ctx, p.catalog(), func(records map[string]*catalogpb.Record) ([]*catalogpb.Record, error) {
		var changed []*catalogpb.Record
		pipeline := records[catalog.PipelineKey].CloneVT()
		for _, t := range pipeline.GetPipeline().GetTopics() {
			if t.GetTopic() == f.Topic {
				t.Id = f.topicID[:]
			}
		}
		changed = append(changed, pipeline)
		for _, record := range records {
			if record.GetGenerationRecord().GetTopic() == f.Topic {
				g := record.CloneVT()
				g.GetGenerationRecord().TopicId = f.topicID[:]
				changed = append(changed, g)
			}
		}
		for _, record := range changed {
			catalog.SetDigest(record)
		}
		return changed, nil
	})
}
