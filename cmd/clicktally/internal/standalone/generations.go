package standalone

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/announce"
	"github.com/clicktally/clicktally/runtime/catalog/local"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// startTopics creates the topics of a first run, or takes over those of an earlier one as they are.
func (s *source) startTopics(ctx context.Context) (err error) {
	config := announce.Config{
		Options: s.servers.brokers(), Names: s.topics, Partitions: defaultPartitions, Replication: 1,
		Retention: forever, DeadLetters: forever, Log: s.log,
		Report: func(short topics.Shortfall) { s.log.Info("less durable than production", "shortfall", short.String()) },
	}
	if p := s.pipeline.Spec.Kafka.Partitions; p > 0 {
		config.Partitions = uint32(p)
	}
	if s.servers.history != nil {
		config.Newest = func(ctx context.Context, now time.Time) (time.Time, error) {
			return store.NewestEvent(ctx, s.servers.history, s.database(), now)
		}
	}
	s.announcer, err = announce.New(ctx, config)
	return err
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
