package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog/heartbeats"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
)

// totalsFell is the reason of a computation that came out below an earlier one and was refused.
const totalsFell = "TotalsFell"

// newestWithin bounds the question for the newest event. Its index is small, and an operator that hears nothing
// waits with more partitions.
const newestWithin = 3 * time.Second

// reporter tells the operator, by heartbeats, what this process found out by recounting, and how new the newest
// event is that was loaded.
type reporter struct {
	brokers []kgo.Opt
	topic   string
	pod     string
	balance func() *event.Balance
	newest  func(ctx context.Context, now time.Time) (time.Time, error)
	log     *slog.Logger
}

// run reports again and again until ctx ends: a report that is not repeated does not count for long.
func (r *reporter) run(ctx context.Context) error {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.DisableIdempotentWrite(), kgo.RecordDeliveryTimeout(heartbeats.BalanceEvery)}, r.brokers...)...)
	if err != nil {
		return fmt.Errorf("make Kafka client: %w", err)
	}
	defer client.Close()
	tick := time.NewTicker(heartbeats.BalanceEvery)
	defer tick.Stop()
	failing, asking := false, true
	for {
		newest, err := r.ask(ctx)
		if err != nil && asking && ctx.Err() == nil {
			r.log.Warn("the newest event is not known: a pipeline that shall have more partitions waits", "error", err)
		}
		asking = err == nil
		err = r.report(ctx, client, newest)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failing {
			r.log.Warn("the ledger's judgement is not reported", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// ask returns nil while ClickHouse does not answer.
func (r *reporter) ask(ctx context.Context) (*event.NewestEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, newestWithin)
	defer cancel()
	at, err := r.newest(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		return &event.NewestEvent{}, nil
	}
	return &event.NewestEvent{At: at.UnixMilli()}, nil
}

func (r *reporter) report(ctx context.Context, client *kgo.Client, newest *event.NewestEvent) error {
	// Without a boot id: it gives no counters, and nobody waits for it to be drained.
	h := &event.Heartbeat{Pod: r.pod, At: time.Now().UnixMilli(), Version: version, Balance: r.balance(), Newest: newest}
	value, err := h.MarshalVT()
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return client.ProduceSync(ctx, &kgo.Record{Topic: r.topic, Key: []byte(r.pod + "/balance"), Value: value}).FirstErr()
}

// balanceOf is the condition Balanced: refused minutes are a difference that the recount need not see.
func balanceOf(v ledger.Verdict, s *aggregate.Status) *event.Balance {
	switch {
	case s.Refused > 0:
		return &event.Balance{Status: ledger.False, Reason: totalsFell, Message: fmt.Sprintf(
			"%d minutes stay at their marks because raw says less, the oldest %s: clicktally restate", s.Refused, s.RefusedSince.UTC().Format(time.RFC3339))}
	case v.Status == ledger.False:
		return &event.Balance{Status: v.Status, Reason: "Difference", Message: v.Message}
	case v.Status == ledger.True:
		return &event.Balance{Status: v.Status, Reason: v.Reason, Message: v.Message}
	}
	return &event.Balance{Status: ledger.Unknown, Reason: "Progressing", Message: v.Message}
}
