package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// naughty are texts that have broken loaders, quoting and dashboards before.
var naughty = []string{
	"'; DROP TABLE events; --", "{db}", `\x00\`, "\u202eright to left", "\U0001f4a5\U0001f468\u200d\U0001f469\u200d\U0001f467", "NULL", "~other",
	"%s%n%d", "\t\n\r", "undefined", "../../etc/passwd", "\u03a9\u2248\u00e7\u221a", "1;2,3\"4", "\ufeffBOM", "a\x00b",
}

// poisons is how many bad records of each kind are sent.
const poisons = 40

// poison produces what no tracker would: the counted part of it is nobody's click and costs nothing.
func poison(ctx context.Context, r *rig, rng *rand.Rand, _ bool) error {
	var records []*kgo.Record
	add := func(value []byte) {
		records = append(records, &kgo.Record{Topic: r.events(), Partition: int32(rng.IntN(partitions)), Value: value})
	}
	for i := range poisons {
		random := make([]byte, 1+rng.IntN(300))
		for k := range random {
			random[k] = byte(rng.Uint32())
		}
		random[0] = 0xff // no field of a protobuf message begins so: random bytes that are an event by chance prove nothing
		add(random)
		add(make([]byte, event.MaxRecord+1+rng.IntN(500_000)))
		add(nil)
		strange, err := stranger(rng, naughty[i%len(naughty)]).MarshalVT()
		if err != nil {
			return err
		}
		add(strange) // to any partition: where it is not at home it is a dead letter
		add(strange[:rng.IntN(len(strange))])
	}
	for _, record := range records {
		if err := r.client.ProduceSync(ctx, record).FirstErr(); err != nil {
			return fmt.Errorf("produce poison: %w", err)
		}
	}
	return nil
}

// stranger is an impression that a program of somebody else wrote, with text in every field that has room.
func stranger(rng *rand.Rand, text string) *event.Event {
	now := time.Now()
	id := event.NewID(now.UnixMilli(), 0, rng.Uint64(), uint32(rng.IntN(1<<29)))
	return &event.Event{
		Format: event.Format, Origin: event.Origin_ORIGIN_OWN, EventId: id[:], BootId: rng.Uint64(),
		EventType: event.EventType_EVENT_TYPE_IMPRESSION, Timestamp: now.UnixMilli(), Accepted: now.UnixMilli(),
		SrcPart:    uint32(event.NewSrcPart(generation, 0)),
		CampaignId: "spring", AdvertiserId: text, AdId: text, PublisherId: text, TsId: text,
		UserAgent: text, Referer: text, Metadata: text, Country: text, Subs: []string{text, text},
	}
}

// deadLettersTold checks that every record which is no event is in a manifest as a dead letter.
func deadLettersTold(ctx context.Context, r *rig) error {
	var dead, raw uint64
	err := r.history.QueryRow(ctx, "SELECT (SELECT sum(dead_letters) FROM "+store.Quote(r.pipeline.prefix)+".manifests FINAL),"+
		" (SELECT uniqExact(src_part, src_off) FROM "+store.Quote(r.pipeline.prefix)+".events)").Scan(&dead, &raw)
	if err != nil {
		return fmt.Errorf("read dead letters: %w", err)
	}
	ends, err := logEnds(ctx, r.stores, r.events())
	if err != nil {
		return err
	}
	var total uint64
	for _, end := range ends {
		total += uint64(end)
	}
	say("    %d dead letters", dead)
	if dead < 3*poisons || dead+raw < total {
		return fmt.Errorf("the log holds %d records, %d are loaded and %d told as dead letters", total, raw, dead)
	}
	return nil
}

const (
	// toGetStuck is how long a worker may take to own partitions and reach its flush.
	toGetStuck = 12 * time.Second
	// overTheEnd is how long the flush hangs on when the minute is over.
	overTheEnd = 20 * time.Second
)

// stuckPartition hangs one worker before its raw rows, over the end of a minute. It goes on heartbeating,
// so nobody takes over: until it wakes, no minute that may hold its events is complete.
func stuckPartition(ctx context.Context, r *rig, _ *rand.Rand, _ bool) error {
	if err := rest(ctx, max(0, time.Until(minuteEnd(time.Now()))-2*toGetStuck)); err != nil {
		return err
	}
	end := minuteEnd(time.Now().Add(toGetStuck))
	wake := end.Add(overTheEnd)
	one := r.fleet.aggregators[0]
	r.fleet.plan(one, fmt.Sprintf("aggregate/raw/before=%v@3", time.Until(wake).Round(time.Second)))
	one.signal(syscall.SIGTERM)
	if err := rest(ctx, toGetStuck); err != nil {
		return err
	}
	stuck := time.Now()
	others := false
	for time.Now().Before(wake) {
		least, most, n, err := completeUntil(ctx, r)
		if err != nil {
			return err
		}
		if n == partitions && !least.Before(stuck) {
			return fmt.Errorf("all partitions call themselves complete until %v, and a worker hangs since %v", least, stuck)
		}
		others = others || most.After(stuck)
		if err := rest(ctx, time.Second); err != nil {
			return err
		}
	}
	if !others {
		return fmt.Errorf("no other partition went on while a worker hung from %v to %v", stuck, wake)
	}
	return rest(ctx, time.Until(wake.Add(toGetStuck)))
}

func minuteEnd(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) }

// completeUntil is what the least and the furthest partition say of themselves, and how many say it.
func completeUntil(ctx context.Context, r *rig) (least, most time.Time, n int, err error) {
	var reported uint64
	err = r.history.QueryRow(ctx, "SELECT min(complete_until), max(complete_until), count() FROM "+
		store.Quote(r.pipeline.prefix)+".progress FINAL").Scan(&least, &most, &reported)
	if err != nil {
		return least, most, 0, fmt.Errorf("read progress: %w", err)
	}
	return least, most, int(reported), nil
}

// idleIsComplete checks that the partitions without traffic say so.
func idleIsComplete(ctx context.Context, r *rig) error {
	begin := time.Now()
	return await(ctx, time.Minute, "idle partitions to be complete", func() error {
		least, _, n, err := completeUntil(ctx, r)
		switch {
		case err != nil:
			return err
		case n < partitions:
			return fmt.Errorf("%d of %d partitions say how far they are", n, partitions)
		case least.Before(begin):
			return errors.New("the least partition is complete until " + least.String())
		}
		return nil
	})
}
