// Command aggregator counts the event log exactly once: raw events and minute rows to ClickHouse,
// live counters to Redis.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/clicktally/clicktally/cmd/internal/batch"
	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

var version = "unknown" // set by the linker

type options struct {
	kafka  process.Kafka
	stores stores.Flags
	admin  string
	pod    string
}

func main() { process.Main(command()) }

func command() *cobra.Command {
	o := options{}
	pod, _ := os.Hostname() // an empty name reports under an empty one
	cmd := &cobra.Command{
		Use:     "aggregator",
		Short:   "Count the event log exactly once",
		Args:    cobra.NoArgs,
		Version: version,
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.kafka.AddFlags(cmd.Flags())
	o.stores.AddFlags(cmd.Flags())
	cmd.Flags().StringVar(&o.admin, "admin-listen", ":9090", "address of /healthz, /readyz and /metrics")
	cmd.Flags().StringVar(&o.pod, "pod", pod, "name of this process in heartbeats")
	return cmd
}

func run(ctx context.Context, o options) error {
	log := process.Log()
	brokers, err := o.kafka.Options()
	if err != nil {
		return err
	}
	live, err := o.stores.OpenRedis()
	if err != nil {
		return err
	}
	defer func() { _ = live.Close() }() // the process ends: nothing follows from a failure
	history, err := o.stores.OpenClickHouse(0)
	if err != nil {
		return err
	}
	if history == nil {
		return errors.New("--clickhouse is needed")
	}
	defer func() { _ = history.Close() }()
	key, err := batch.KeyFromEnv()
	if err != nil {
		return err
	}
	follower, err := o.kafka.Follower(log)
	if err != nil {
		return err
	}
	registry, admin := prometheus.NewRegistry(), &pages{}
	admin.show(starting(registry))
	stop, err := process.ServeAdmin(o.admin, admin, log)
	if err != nil {
		return err
	}
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return follower.Run(ctx) })
	group.Go(func() error { o.kafka.LogCheck(ctx, topics.RoleAggregator, log); return nil })
	group.Go(func() error {
		log.Info("waiting for the catalog", "topic", o.kafka.Topics().Catalog())
		c := awaitPipeline(ctx, follower)
		if c == nil {
			return nil // told to stop
		}
		aggregator, err := aggregate.New(configOf(c, aggregate.Config{
			Generations: announced(follower),
			FollowEpoch: func() uint16 { return uint16(follower.Current().Pipeline().GetEpoch()) },
			Kafka:       brokers, Topics: o.kafka.Topics(), ClickHouse: history, Database: o.stores.Database, Redis: live, Log: log, Registry: registry,
		}))
		if err != nil {
			return err
		}
		judge, err := ledger.New(ledger.Config{
			Kafka: brokers, Topics: o.kafka.Topics(), ClickHouse: history, Database: o.stores.Database,
			Catalog: follower.Current, Log: log, Registry: registry,
		})
		if err != nil {
			return err
		}
		admin.show(working(aggregator, judge))
		reports := &reporter{brokers: brokers, topic: o.kafka.Topics().Heartbeats(), pod: o.pod, log: log, balance: func() *event.Balance {
			status := aggregator.Status()
			return balanceOf(judge.Verdict(), &status)
		}, newest: func(ctx context.Context, now time.Time) (time.Time, error) {
			return store.NewestEvent(ctx, history, o.stores.Database, now)
		}}
		group.Go(func() error { return reports.run(ctx) })
		group.Go(func() error { return judge.Run(ctx) })
		group.Go(func() error {
			return batch.Run(ctx, batch.Config{
				Catalog: follower.Current, ClickHouse: history, Database: o.stores.Database, Key: key, Log: log, Registry: registry,
			})
		})
		return aggregator.Run(ctx)
	})
	return group.Wait()
}

// awaitPipeline returns the first catalog that knows the pipeline and where its events are, nil when
// the context ended before.
func awaitPipeline(ctx context.Context, follower *follow.Follower) *catalog.Catalog {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if c := follower.Current(); c != nil && c.Pipeline() != nil && len(c.Generations()) > 0 {
			return c
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// announced is what an aggregator is told of generations: those of the newest catalog, and its age.
func announced(follower *follow.Follower) func() (catalog.Generations, time.Duration) {
	return func() (catalog.Generations, time.Duration) {
		asOf := follower.AsOf() // first: the catalog may be younger, never older
		return follower.Current().Generations(), time.Since(asOf)
	}
}

// configOf takes from the catalog what the pipeline's owner decides.
func configOf(c *catalog.Catalog, config aggregate.Config) aggregate.Config {
	p := c.Pipeline()
	config.Epoch = uint16(p.GetEpoch())
	config.SessionGap = time.Duration(p.GetSessionGapMs()) * time.Millisecond
	config.Retention = store.Retention{
		RawDays: int(p.GetRawDays()), AggregateDays: int(p.GetAggregateDays()), FraudLogDays: int(p.GetFraudLogDays()),
	}
	return config
}
