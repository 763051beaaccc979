package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

func TestLiveCounters(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: servers.Redis(t)})
	t.Cleanup(func() { client.Close() })
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
