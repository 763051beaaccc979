package oracle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

const statedBound = 3

// rig is one pipeline on real stores, and all that was written to its log.
type rig struct {
	t        testing.TB
	kafka    *kgo.Client
	seeds    []kgo.Opt
	ch       driver.Conn
	redis    redis.UniversalClient
	topics   topics.Names
	database string
	records  []Record
	dead     map[string]int

	generations atomic.Pointer[catalog.Generations]
}

// stores are shared by the cases of a test: a pipeline is a topic prefix and a database.
type stores struct {
	kafka             []string
	redis, clickhouse string
}

func startStores(t testing.TB) stores {
	return stores{clickhouse: servers.ClickHouse(t), redis: servers.Redis(t), kafka: []string{servers.Kafka(t)}}
}

func newRig(t testing.TB, s stores, prefix string) *rig {
	t.Helper()
	r := &rig{t: t, topics: topics.Names{Prefix: prefix}, database: servers.Database(t), dead: map[string]int{}}
	r.seeds = []kgo.Opt{kgo.SeedBrokers(s.kafka...)}
	var err error
	if r.kafka, err = kgo.NewClient(append(r.seeds, kgo.RecordPartitioner(kgo.ManualPartitioner()))...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kafka.Close)
	if r.ch, err = clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{s.clickhouse}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.ch.Close() })
	if err := store.EnsureSchema(t.Context(), r.ch, r.database, store.Retention{}); err != nil {
		t.Fatal(err)
	}
	r.redis = redis.NewClient(&redis.Options{Addr: s.redis})
	t.Cleanup(func() { r.redis.Close() })
	_, err = topics.Ensure(t.Context(), kadm.NewClient(r.kafka), r.topics, topics.Config{Generation: generation, Partitions: partitions, Replication: 1})
	if err != nil {
		t.Fatal(err)
	}
	r.announce(&catalogpb.Generation{Number: generation, Topic: r.topics.Events(generation), Partitions: partitions})
	return r
}

// write appends entries to the log, in order, and remembers what an exact count must find.
func (r *rig) write(entries []entry) {
	r.t.Helper()
	for _, entry := range entries {
		record := &kgo.Record{Topic: r.topics.Events(entry.at.Generation()), Partition: int32(entry.at.Partition()), Value: entry.value}
		if err := r.kafka.ProduceSync(r.t.Context(), record).FirstErr(); err != nil {
			r.t.Fatal(err)
		}
		if entry.reason != "" {
			r.dead[entry.reason]++
			continue
		}
		e := new(event.Event)
		if err := event.Decode(entry.value, e); err != nil {
			r.t.Fatal(err)
		}
		r.records = append(r.records, Record{SrcPart: entry.at, Offset: uint64(record.Offset), Event: e})
	}
}

var errKilled = errors.New("killed by the test")

// deadly kills a worker before its n-th effect.
func deadly(n int) func(string) error {
	var mu sync.Mutex
	return func(effect string) error {
		mu.Lock()
		defer mu.Unlock()
		if n--; n < 0 {
			return fmt.Errorf("%w before %s", errKilled, effect)
		}
		return nil
	}
}

// announced is what a catalog without age says.
func (r *rig) announced() (catalog.Generations, time.Duration) { return *r.generations.Load(), 0 }

// announce makes the generations known to all workers at once.
func (r *rig) announce(list ...*catalogpb.Generation) {
	r.generations.Store((*catalog.Generations)(&list))
}

// start runs a worker of a group until stop is called or it dies, which closes done; stop returns
// what Run returned.
func (r *rig) start(group string, change func(*aggregate.Config)) (done <-chan struct{}, stop func() error) {
	r.t.Helper()
	cfg := aggregate.Config{
		Kafka: r.seeds, Topics: r.topics, Generations: r.announced, Group: r.topics.Prefix + "." + group,
		ClickHouse: r.ch, Database: r.database, Redis: r.redis, Stated: statedBound, Epoch: 1,
		FlushEvery: 20 * time.Millisecond, PublishEvery: 50 * time.Millisecond, ProbeEvery: 50 * time.Millisecond,
		FreshEvery: 30 * time.Millisecond, OldGrowth: 1e-9, RetryAfter: 50 * time.Millisecond,
		LatenessSlack: time.Millisecond, SessionsEvery: 500 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	aggregator, err := aggregate.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan struct{})
	var result error
	go func() {
		defer close(ended)
		result = aggregator.Run(ctx)
	}()
	stop = func() error {
		cancel()
		<-ended
		return result
	}
	r.t.Cleanup(func() { stop() })
	return ended, stop
}
