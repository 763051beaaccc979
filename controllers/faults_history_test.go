package controllers_test

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// written is one record of the catalog as its log has it.
type written struct {
	key    string
	record *catalogpb.Record // nil for a tombstone
	epoch  int16             // of the publisher that wrote it
}

// history is the whole log of the catalog, oldest first. Nothing has compacted it: the test is too short.
func (w *world) history() []written {
	w.t.Helper()
	end, _ := w.catalogEnd()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{w.names.Catalog(): {0: kgo.NewOffset().AtStart()}}),
	}, w.kafka...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	var all []written
	for read := int64(0); read < end; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			w.t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			read = r.Offset + 1
			if r.Attrs.IsControl() {
				return
			}
			one := written{key: string(r.Key), epoch: r.ProducerEpoch}
			if r.Value != nil {
				one.record = catalog.Decode(one.key, r.Value, r.Offset, catalog.Level).Record
			}
			all = append(all, one)
		})
	}
	return all
}

// keeps fails the test when one of the keys was ever taken from the catalog: by a tombstone, or by the release of
// its id.
func (w *world) keeps(keys ...string) {
	w.t.Helper()
	seen := map[string]bool{}
	for _, one := range w.history() {
		seen[one.key] = true
		for _, key := range keys {
			if one.key == key && (one.record == nil || one.record.GetReleased() != nil) {
				w.t.Errorf("%s was taken from the catalog", key)
			}
		}
	}
	for _, key := range keys {
		if !seen[key] {
			w.t.Errorf("%s was never in the catalog", key)
		}
	}
}
