package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

func TestLiveCountersOnEveryKindOfRedis(t *testing.T) {
	for name, client := range map[string]func(*testing.T) redis.UniversalClient{
		"one server": func(t *testing.T) redis.UniversalClient {
			return redis.NewClient(&redis.Options{Addr: servers.Redis(t)})
		},
		"a cluster": func(t *testing.T) redis.UniversalClient {
			return redis.NewClusterClient(&redis.ClusterOptions{Addrs: servers.RedisCluster(t).Addrs})
		},
		"a server that sentinels name": func(t *testing.T) redis.UniversalClient {
			nodes := servers.RedisSentinel(t)
			return redis.NewFailoverClient(&redis.FailoverOptions{MasterName: nodes.Master, SentinelAddrs: nodes.Addrs})
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := client(t)
			t.Cleanup(func() { client.Close() })
			testLiveCounters(t, client)
			testManyEntities(t, client)
		})
	}
}

// testManyEntities writes and reads in one call what a cluster holds on all its servers.
func testManyEntities(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	keys := store.LiveKeys{Prefix: "many"}
	writer, reader := store.LiveWriter{Client: client, Keys: keys}, store.Live{Client: client, Keys: keys}
	const entities = 200
	entity := func(i int) store.Entity { return store.Entity{Kind: store.EntityCampaign, ID: fmt.Sprint("c", i)} }
	var writes []store.LiveWrite
	for i := range entities {
		writes = append(writes, store.LiveWrite{Minute: minute.Unix(), Entity: entity(i), SrcPart: 1, Ver: 1, Counts: store.Counts{ClicksValid: uint64(i)}})
	}
	if err := writer.Write(t.Context(), writes); err != nil {
		t.Fatal(err)
	}
	for i := range entities {
		if got, err := reader.Sum(t.Context(), entity(i), minute, minute.Add(time.Minute)); err != nil || got.ClicksValid != uint64(i) {
			t.Errorf("campaign %d has %d clicks: %v", i, got.ClicksValid, err)
		}
	}
	if err := writer.Restored(t.Context(), []event.SrcPart{1}); err != nil {
		t.Fatal(err)
	}
	// The loss of any one part is seen: in a cluster that is one server's, the others have all their markers.
	for _, shard := range []int{0, store.LiveShards / 2, store.LiveShards - 1} {
		if err := client.Del(t.Context(), keys.Marker(shard)).Err(); err != nil {
			t.Fatal(err)
		}
		if lost, err := writer.Lost(t.Context(), []event.SrcPart{1}); err != nil || len(lost) != 1 {
			t.Errorf("part %d of the counters is gone, and lost is %v, %v", shard, lost, err)
		}
		if err := writer.Restored(t.Context(), []event.SrcPart{1}); err != nil {
			t.Fatal(err)
		}
	}
}

func testLiveCounters(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	keys := store.LiveKeys{Prefix: "ct"}
	writer, reader := store.LiveWriter{Client: client, Keys: keys}, store.Live{Client: client, Keys: keys}
	ad := store.Entity{Kind: store.EntityAd, ID: "ad-1"}
	write := func(part event.SrcPart, ver, clicks uint64) {
		t.Helper()
		counts := store.Counts{ClicksValid: clicks}
		counts.In("USD").SpendValid = int64(clicks) * 10
		err := writer.Write(t.Context(), []store.LiveWrite{{Minute: minute.Unix(), Entity: ad, SrcPart: part, Ver: ver, Counts: counts}})
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, clicks uint64) {
		t.Helper()
		want := store.Counts{ClicksValid: clicks, Money: []store.Money{{Currency: "USD", SpendValid: int64(clicks) * 10}}}
		got, err := reader.Sum(t.Context(), ad, minute, minute.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	write(1, store.Ver(0, 9), 5)
	expect("the first value", 5)
	write(2, store.Ver(0, 3), 2)
	expect("partitions add up", 7)
	write(1, store.Ver(0, 8), 4)
	expect("a zombie's lower version loses", 7)
	write(1, store.Ver(0, 0x10), 6)
	expect("a longer prefix wins, also where its digits are more", 8)
	write(1, store.Ver(1, 2), 3)
	expect("a higher epoch wins", 5)
	left, err := client.TTL(t.Context(), keys.Counts(minute.Unix(), ad)).Result()
	if err != nil || left < 30*time.Minute || left > store.LiveKept {
		t.Errorf("a minute of an hour ago expires in %v (%v), want the rest of 2 h and a margin", left, err)
	}
	lost, err := writer.Lost(t.Context(), []event.SrcPart{1, 2})
	if err != nil || len(lost) != 2 {
		t.Errorf("lost %v, %v; want both: no marker was set", lost, err)
	}
	later := time.UnixMilli(1_800_000_000_000).UTC()
	if err := writer.Finish(t.Context(), []event.SrcPart{1, 2}, []time.Time{later.Add(time.Second), later}); err != nil {
		t.Fatal(err)
	}
	if lost, err = writer.Lost(t.Context(), []event.SrcPart{1, 2}); err != nil || len(lost) != 2 {
		t.Errorf("lost %v, %v; want both: a time says nothing about what is there", lost, err)
	}
	if err := writer.Restored(t.Context(), []event.SrcPart{1, 2}); err != nil {
		t.Fatal(err)
	}
	if lost, err = writer.Lost(t.Context(), []event.SrcPart{1, 2}); err != nil || len(lost) != 0 {
		t.Errorf("lost %v, %v; want none", lost, err)
	}
	if asOf, err := reader.AsOf(t.Context()); err != nil || !asOf.Equal(later) {
		t.Errorf("as of %v, %v; want the earliest, %v", asOf, err, later)
	}
}
