package standalone

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
	"github.com/clicktally/clicktally/runtime/catalog/grow"
	"github.com/clicktally/clicktally/runtime/catalog/local"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

const (
	// firstGeneration is the set of event partitions that standalone starts with.
	firstGeneration = 0
	// newestWithin bounds the look for the newest event.
	newestWithin = 10 * time.Second
)

// startTopics creates the topics of a first run, or takes over those of an earlier one as they are.
func (s *source) startTopics(ctx context.Context) error {
	s.first = &catalogpb.Generation{Number: firstGeneration, Topic: s.topics.Events(firstGeneration), Partitions: defaultPartitions}
	if p := s.pipeline.Spec.Kafka.Partitions; p > 0 {
		s.first.Partitions = uint32(p)
	}
	return s.withAdmin(func(admin *kadm.Client) error {
		there, err := admin.ListTopics(ctx, s.first.Topic)
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		if n := len(there[s.first.Topic].Partitions); n > 0 {
			s.first.Partitions = uint32(n)
		}
		return s.ensure(ctx, admin, s.first)
	})
}

// ensure creates the topics of a generation where they are missing, and notes their ids.
func (s *source) ensure(ctx context.Context, admin *kadm.Client, g *catalogpb.Generation) error {
	ids, err := topics.Ensure(ctx, admin, s.topics, topics.Config{
		Generation: g.Number, Partitions: int32(g.Partitions), Replication: 1, Retention: forever, DeadLetters: forever,
		Report: func(short topics.Shortfall) { s.log.Info("less durable than production", "shortfall", short.String()) },
	})
	for topic, id := range ids {
		s.topicIDs[topic] = id[:]
	}
	return err
}

func (s *source) withAdmin(do func(*kadm.Client) error) error {
	client, err := kgo.NewClient(s.servers.brokers()...)
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	return do(kadm.NewClient(client))
}

// announce completes the set with the topics of the pipeline: those that were announced before, which
// never change, and one more when the folder asks for more partitions. What is announced is decided
// once and read back from the catalog ever after, so that a restart invents nothing.
func (s *source) announce(ctx context.Context, set *folder.Set) error {
	if err := s.lookAtTopics(ctx); err != nil {
		return err
	}
	list := announcedIn(set.Objects.Previous)
	if len(list) == 0 {
		list = catalog.Generations{s.first}
	}
	next, err := s.next(ctx, set, list)
	if err != nil {
		return err
	}
	if next != nil {
		list = append(list, next)
	}
	for _, g := range list {
		if s.topicIDs[g.Topic] == nil {
			if err := s.withAdmin(func(admin *kadm.Client) error { return s.ensure(ctx, admin, g) }); err != nil {
				return err
			}
		}
		g.TopicId = s.topicIDs[g.Topic]
	}
	set.Objects.Generations, set.Objects.Topics = list, nil
	for _, topic := range slices.Sorted(maps.Keys(s.topicIDs)) {
		set.Objects.Topics = append(set.Objects.Topics, &catalogpb.TopicID{Topic: topic, Id: s.topicIDs[topic]})
	}
	return nil
}

// announcedIn are copies of the generations of a catalog's records.
func announcedIn(records map[string]*catalogpb.Record) catalog.Generations {
	var list catalog.Generations
	for _, record := range records {
		if g := record.GetGenerationRecord(); g != nil {
			list = append(list, g.CloneVT())
		}
	}
	slices.SortFunc(list, func(a, b *catalogpb.Generation) int { return int(a.Number) - int(b.Number) })
	return list
}

// next is the generation that the folder's pipeline asks for, nil when it asks for none or is refused.
// Without an answer of ClickHouse growing waits: an event of a clock that is ahead starts it later.
func (s *source) next(ctx context.Context, set *folder.Set, on catalog.Generations) (*catalogpb.Generation, error) {
	p := local.Pipeline(set)
	if p == nil || !grow.Wanted(on, uint32(p.Spec.Kafka.Partitions)) {
		return nil, nil
	}
	accepted := s.accepted(set, p)
	if accepted == nil {
		return nil, nil
	}
	plan := grow.Plan{On: on, Partitions: uint32(p.Spec.Kafka.Partitions), Now: time.Now()}
	before := set.Objects.Previous[catalog.PipelineKey].GetPipeline()
	plan.MaxAhead = time.Duration(max(accepted.GetMaxAheadMs(), before.GetMaxAheadMs())) * time.Millisecond
	if s.servers.history != nil {
		asking, cancel := context.WithTimeout(ctx, newestWithin)
		defer cancel()
		var err error
		if plan.Newest, err = store.NewestEvent(asking, s.servers.history, s.database(), plan.Now); err != nil {
			s.log.Warn("more partitions wait until the newest event is known", "error", err)
			return nil, nil
		}
	}
	next, err := plan.Next()
	if err != nil {
		return nil, err
	}
	return next, s.withAdmin(func(admin *kadm.Client) error { return s.makeTopic(ctx, admin, next) })
}

// accepted is the folder's pipeline as it would be served, nil when something is wrong with it.
func (s *source) accepted(set *folder.Set, p *v1alpha1.AggregationPipeline) *catalogpb.Pipeline {
	result := compile.Compile(set.Objects)
	for _, o := range result.Outcomes {
		if o.Kind == compile.KindPipeline && o.Namespace == p.Namespace && o.Name == p.Name && !o.Kept {
			return o.Record.GetPipeline()
		}
	}
	return nil
}

// makeTopic makes the topic of a generation before it is announced. One of another size was left by a
// start that ended between the two, and its number is passed over.
func (s *source) makeTopic(ctx context.Context, admin *kadm.Client, g *catalogpb.Generation) error {
	for {
		g.Topic = s.topics.Events(g.Number)
		there, err := admin.ListTopics(ctx, g.Topic)
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		if n := len(there[g.Topic].Partitions); n == 0 || n == int(g.Partitions) {
			return s.ensure(ctx, admin, g)
		}
		g.Number++
	}
}

// started says what follows from a generation that was announced by this pass.
func started(r *local.Report) string {
	var text strings.Builder
	for _, g := range r.Set.Objects.Generations {
		if slices.Contains(r.Changed, catalog.GenerationKey(g.Number)) && g.StartMs > 0 {
			fmt.Fprintf(&text, "; events from %s on go to %d partitions (generation %d)",
				time.UnixMilli(g.StartMs).Format(time.TimeOnly), g.Partitions, g.Number)
		}
	}
	return text.String()
}
