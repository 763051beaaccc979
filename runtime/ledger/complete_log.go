package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// readLog asks Kafka where every partition begins and ends, and whether it is still the topic that
// the catalog means. What it does not say is found, never left out.
func (c *Config) readLog(ctx context.Context, generations []*catalogpb.Generation, parts []*Part) ([]Finding, error) {
	client, err := kgo.NewClient(c.Kafka...)
	if err != nil {
		return nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	var found []Finding
	gone := map[string]bool{}
	byPart := make(map[uint32]*Part, len(parts))
	for _, p := range parts {
		byPart[p.SrcPart] = p
	}
	for _, g := range generations {
		replaced, err := c.readTopic(ctx, kadm.NewClient(client), g, byPart)
		if err != nil {
			return nil, fmt.Errorf("read the ends of %s: %w", g.GetTopic(), err)
		}
		found, gone[g.GetTopic()] = append(found, replaced...), len(replaced) > 0
	}
	for _, p := range parts {
		if !p.known && !gone[p.Topic] {
			found = append(found, Finding{
				Kind: LogUnknown, Part: p.Name, Message: fmt.Sprintf("partition %s: Kafka does not say where %s ends there", p.Name, p.Topic),
			})
		}
	}
	return found, nil
}

func (c *Config) readTopic(ctx context.Context, admin *kadm.Client, g *catalogpb.Generation, parts map[uint32]*Part) ([]Finding, error) {
	topic := g.GetTopic()
	details, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return nil, err
	}
	if missing := details[topic].Err; missing != nil {
		if errors.Is(missing, kerr.UnknownTopicOrPartition) {
			return []Finding{{Kind: LogLost, Message: fmt.Sprintf("topic %s of generation %d is gone", topic, g.GetNumber())}}, nil
		}
		return nil, missing
	}
	if id := details[topic].ID; len(g.GetTopicId()) > 0 && kadm.TopicID(g.GetTopicId()) != id {
		return []Finding{{Kind: LogLost, Message: fmt.Sprintf("topic %s is another one than generation %d was announced with", topic, g.GetNumber())}}, nil
	}
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	ends, err := admin.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	list := make([]event.SrcPart, g.GetPartitions())
	for n := range list {
		list[n] = event.NewSrcPart(g.GetNumber(), uint32(n))
	}
	shifts, err := store.ReadShifts(ctx, c.ClickHouse, c.Database, list)
	if err != nil {
		return nil, err
	}
	for n := range g.GetPartitions() {
		start, there := starts.Lookup(topic, int32(n))
		end, known := ends.Lookup(topic, int32(n))
		p, shift := parts[uint32(list[n])], shifts[list[n]]
		if there && known && start.Err == nil && end.Err == nil {
			p.Start, p.End, p.known = uint64(start.Offset)+shift, uint64(end.Offset)+shift, true
		}
	}
	return nil, nil
}
