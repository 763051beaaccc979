// Package announce keeps the Kafka topics of a pipeline and decides what the catalog says of them: their ids,
// and the generations of event partitions (design 6.2). Who publishes a catalog asks it before every pass.
package announce

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/grow"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

const (
	// firstGeneration is the set of event partitions that a pipeline starts with.
	firstGeneration = 0
	// newestWithin bounds the look for the newest event.
	newestWithin = 10 * time.Second
)

// Config says how topics are made.
type Config struct {
	// Options reach the brokers. Required.
	Options []kgo.Opt
	// Names of the pipeline's topics. Required.
	Names topics.Names
	// Partitions of the first generation, where it is not there yet. Required.
	Partitions uint32
	// Replication of topics that are made. Required.
	Replication int16
	// Retention of events and DeadLetters; see topics.Config.
	Retention, DeadLetters time.Duration
	// Newest finds the newest event loaded so far, zero for none: an event of a clock that is ahead starts
	// the next generation later. Without an answer growing waits. nil: nothing was ever loaded.
	Newest func(ctx context.Context, now time.Time) (time.Time, error)
	// Report is told where a topic keeps less than a pipeline wants kept. Optional.
	Report func(topics.Shortfall)
	// Log is required.
	Log *slog.Logger
}

// Announcer knows the topics of one pipeline. It has one user at a time.
type Announcer struct {
	config Config
	first  *catalogpb.Generation // as long as none is announced
	ids    map[string][]byte
}

// New creates the topics of a first run, or takes over those of an earlier one as they are.
func New(ctx context.Context, config Config) (*Announcer, error) {
	a := &Announcer{config: config, ids: map[string][]byte{}, first: &catalogpb.Generation{
		Number: firstGeneration, Topic: config.Names.Events(firstGeneration), Partitions: config.Partitions,
	}}
	return a, a.withAdmin(func(admin *kadm.Client) error {
		there, err := admin.ListTopics(ctx, a.first.GetTopic())
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		if n := len(there[a.first.GetTopic()].Partitions); n > 0 {
			a.first.Partitions = uint32(n)
		}
		return a.ensure(ctx, admin, a.first)
	})
}

// ensure creates the topics of a generation where they are missing, and notes their ids.
func (a *Announcer) ensure(ctx context.Context, admin *kadm.Client, g *catalogpb.Generation) error {
	ids, err := topics.Ensure(ctx, admin, a.config.Names, topics.Config{
		Generation: g.GetNumber(), Partitions: int32(g.GetPartitions()), Replication: a.config.Replication,
		Retention: a.config.Retention, DeadLetters: a.config.DeadLetters, Report: a.config.Report,
	})
	for topic, id := range ids {
		a.ids[topic] = id[:]
	}
	return err
}

func (a *Announcer) withAdmin(do func(*kadm.Client) error) error {
	client, err := kgo.NewClient(a.config.Options...)
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	return do(kadm.NewClient(client))
}

// Look notes the ids that the topics have now. One that was made again has another: then nothing is
// published until `clicktally recover` has acknowledged it, and after that with its new id.
func (a *Announcer) Look(ctx context.Context) error {
	return a.withAdmin(func(admin *kadm.Client) error {
		// Asked this way, the client's cache does not answer.
		there, err := admin.ListTopics(kadm.WithAuthorizedOps(ctx), slices.Sorted(maps.Keys(a.ids))...)
		if err != nil {
			return fmt.Errorf("look at topics: %w", err)
		}
		for name, detail := range there {
			if detail.Err == nil {
				a.ids[name] = detail.ID[:]
			}
		}
		return nil
	})
}

// Complete adds the topics of the pipeline to objects, whose Previous is what the log holds: those that were
// announced before, which never change, and one more when pipeline asks for more partitions; nil asks for
// none. What is announced is decided once and read back from the catalog ever after, so that a restart
// invents nothing.
func (a *Announcer) Complete(ctx context.Context, objects *compile.Objects, pipeline *v1alpha1.AggregationPipeline) error {
	list := announcedIn(objects.Previous)
	if len(list) == 0 {
		list = catalog.Generations{a.first.CloneVT()}
	}
	next, err := a.next(ctx, objects, pipeline, list)
	if err != nil {
		return err
	}
	if next != nil {
		list = append(list, next)
	}
	for _, g := range list {
		if a.ids[g.GetTopic()] == nil {
			if err := a.withAdmin(func(admin *kadm.Client) error { return a.ensure(ctx, admin, g) }); err != nil {
				return err
			}
		}
		g.TopicId = a.ids[g.GetTopic()]
	}
	objects.Generations, objects.Topics = list, nil
	for _, topic := range slices.Sorted(maps.Keys(a.ids)) {
		objects.Topics = append(objects.Topics, &catalogpb.TopicID{Topic: topic, Id: a.ids[topic]})
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
	slices.SortFunc(list, func(a, b *catalogpb.Generation) int { return int(a.GetNumber()) - int(b.GetNumber()) })
	return list
}

// next is the generation that the pipeline asks for, nil when it asks for none or is refused.
func (a *Announcer) next(ctx context.Context, objects *compile.Objects, p *v1alpha1.AggregationPipeline, on catalog.Generations) (*catalogpb.Generation, error) {
	if p == nil || !grow.Wanted(on, uint32(p.Spec.Kafka.Partitions)) {
		return nil, nil
	}
	accepted := accepted(objects, p)
	if accepted == nil {
		return nil, nil
	}
	plan := grow.Plan{On: on, Partitions: uint32(p.Spec.Kafka.Partitions), Now: time.Now()}
	before := objects.Previous[catalog.PipelineKey].GetPipeline()
	plan.MaxAhead = time.Duration(max(accepted.GetMaxAheadMs(), before.GetMaxAheadMs())) * time.Millisecond
	if a.config.Newest != nil {
		asking, cancel := context.WithTimeout(ctx, newestWithin)
		defer cancel()
		var err error
		if plan.Newest, err = a.config.Newest(asking, plan.Now); err != nil {
			a.config.Log.Warn("more partitions wait until the newest event is known", "error", err)
			return nil, nil
		}
	}
	next, err := plan.Next()
	if err != nil {
		return nil, err
	}
	return next, a.withAdmin(func(admin *kadm.Client) error { return a.makeTopic(ctx, admin, next) })
}

// accepted is the pipeline as it would be served, nil when something is wrong with it.
func accepted(objects *compile.Objects, p *v1alpha1.AggregationPipeline) *catalogpb.Pipeline {
	result := compile.Compile(*objects)
	for _, o := range result.Outcomes {
		if o.Kind == compile.KindPipeline && o.Namespace == p.Namespace && o.Name == p.Name && !o.Kept {
			return o.Record.GetPipeline()
		}
	}
	return nil
}

// makeTopic makes the topic of a generation before it is announced. One of another size was left by a
// start that ended between the two, and its number is passed over.
func (a *Announcer) makeTopic(ctx context.Context, admin *kadm.Client, g *catalogpb.Generation) error {
	for {
		g.Topic = a.config.Names.Events(g.GetNumber())
		there, err := admin.ListTopics(ctx, g.GetTopic())
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		if n := len(there[g.GetTopic()].Partitions); n == 0 || n == int(g.GetPartitions()) {
			return a.ensure(ctx, admin, g)
		}
		g.Number++
	}
}
