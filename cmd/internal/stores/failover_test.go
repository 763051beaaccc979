package stores_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/cmd/internal/stores"
	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

const (
	patience = 4 * time.Minute
	// campaigns are so many that every server of a cluster holds some.
	campaigns = 40
	// moreBefore and moreAfter are how many events a test waits for before and after it breaks something.
	moreBefore, moreAfter = 400, 200
)

// TestTheLiveViewHealsWhileEventsGoOn breaks Redis under load: what a client reads is whole again, without the
// periodic rewrite, which these tests switch off.
func TestTheLiveViewHealsWhileEventsGoOn(t *testing.T) {
	all := store.LiveKeys{Prefix: "ct"}.Counts(time.Now().Truncate(time.Minute).Unix(), store.Entity{Kind: store.EntityAll})
	t.Run("after the primary of a cluster was killed", func(t *testing.T) {
		nodes := servers.RedisCluster(t)
		v := newView(t, stores.Flags{Redis: nodes.Addrs, RedisMode: stores.Cluster})
		v.heals(func() { nodes.KillPrimary(all) })
	})
	t.Run("after the primary that sentinels watch was killed", func(t *testing.T) {
		nodes := servers.RedisSentinel(t)
		v := newView(t, stores.Flags{Redis: nodes.Addrs, RedisMode: stores.Sentinel, RedisMaster: nodes.Master})
		v.heals(func() { nodes.KillPrimary(all) })
	})
	t.Run("after one server of a cluster lost its data", func(t *testing.T) {
		nodes := servers.RedisCluster(t)
		v := newView(t, stores.Flags{Redis: nodes.Addrs, RedisMode: stores.Cluster})
		v.heals(func() {
			client := redis.NewClient(&redis.Options{Addr: nodes.Primary(all)})
			defer client.Close()
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// view is a pipeline whose log grows all the time, and its live counters.
type view struct {
	t     *testing.T
	live  store.Live
	count atomic.Uint64 // of events in the log
	stop  func()        // ends the growth, and waits for the last event
}

func newView(t *testing.T, flags stores.Flags) *view {
	t.Helper()
	client, err := flags.OpenRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	v := &view{t: t, live: store.Live{Client: client, Keys: store.LiveKeys{Prefix: "ct"}}}
	seeds := []kgo.Opt{kgo.SeedBrokers(servers.Kafka(t)), kgo.RecordPartitioner(kgo.ManualPartitioner())}
	log, err := kgo.NewClient(seeds...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	names := topics.Names{Prefix: "ct"}
	if _, err := topics.Ensure(t.Context(), kadm.NewClient(log), names, topics.Config{Generation: 1, Partitions: 1, Replication: 1}); err != nil {
		t.Fatal(err)
	}
	v.aggregate(seeds, names, client)
	growing, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		v.grow(growing, log, names.Events(1))
	}()
	v.stop = func() { stop(); <-ended }
	t.Cleanup(v.stop)
	return v
}

func (v *view) aggregate(seeds []kgo.Opt, names topics.Names, live redis.UniversalClient) {
	v.t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(v.t)}})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { conn.Close() })
	list := catalog.Generations{{Number: 1, Topic: names.Events(1), Partitions: 1}}
	a, err := aggregate.New(aggregate.Config{
		Generations: func() (catalog.Generations, time.Duration) { return list, 0 },
		Kafka:       seeds, Topics: names, ClickHouse: conn, Database: servers.Database(v.t), Redis: live,
		PublishEvery: 100 * time.Millisecond, RetryAfter: 100 * time.Millisecond, RewriteEvery: time.Hour,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		v.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(v.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	v.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			v.t.Errorf("the aggregator ended: %v", err)
		}
	})
}

// grow adds impressions to the log until ctx ends, about a hundred a second.
func (v *view) grow(ctx context.Context, log *kgo.Client, topic string) {
	part := event.NewSrcPart(1, 0)
	for n := uint64(0); ctx.Err() == nil; n++ {
		now := time.Now().UnixMilli()
		id := event.NewID(now, 0, 7, uint32(n))
		value, err := event.Append(nil, &event.Event{
			EventType: event.EventType_EVENT_TYPE_IMPRESSION, Origin: event.Origin_ORIGIN_OWN, EventId: id[:], BootId: 7, Counter: n,
			SrcPart: uint32(part), Timestamp: now, Accepted: now, CampaignId: campaign(n % campaigns), Disposition: event.Disposition_DISPOSITION_ROUTED,
		})
		if err != nil {
			v.t.Error(err)
			return
		}
		if err := log.ProduceSync(context.WithoutCancel(ctx), &kgo.Record{Topic: topic, Value: value}).FirstErr(); err != nil {
			v.t.Error(err)
			return
		}
		v.count.Add(1)
		<-time.After(10 * time.Millisecond)
	}
}

func campaign(n uint64) string { return fmt.Sprint("c", n) }

// heals breaks Redis once the view follows the log, lets the log grow on, and waits until the view has all of it.
func (v *view) heals(breakRedis func()) {
	v.t.Helper()
	v.eventually("the view follows the log", func() bool { return v.count.Load() > moreBefore && v.seen() > moreBefore })
	breakRedis()
	broken, at := v.count.Load(), time.Now()
	v.eventually("the view follows the log again", func() bool { return v.count.Load() > broken+moreAfter && v.seen() > broken+moreAfter })
	v.t.Logf("the view followed the log again after %v", time.Since(at).Round(100*time.Millisecond))
	v.stop()
	v.eventually("the view has every event, under every campaign", func() bool { return v.seen() == v.count.Load() && v.seenByCampaign() == v.count.Load() })
}

// seen are the impressions of all campaigns in the view; 0 when Redis does not answer.
func (v *view) seen() uint64 {
	return v.sum(store.Entity{Kind: store.EntityAll})
}

func (v *view) seenByCampaign() uint64 {
	sum := uint64(0)
	for n := range uint64(campaigns) {
		sum += v.sum(store.Entity{Kind: store.EntityCampaign, ID: campaign(n)})
	}
	return sum
}

func (v *view) sum(e store.Entity) uint64 {
	now := time.Now()
	counts, err := v.live.Sum(v.t.Context(), e, now.Add(-10*time.Minute), now.Add(time.Minute))
	if err != nil {
		return 0
	}
	return counts.Impressions
}

func (v *view) eventually(what string, done func() bool) {
	v.t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			v.t.Fatalf("waited %v in vain: %s; the log has %d, the view %d, by campaign %d", patience, what, v.count.Load(), v.seen(), v.seenByCampaign())
		}
		<-time.After(50 * time.Millisecond)
	}
}
