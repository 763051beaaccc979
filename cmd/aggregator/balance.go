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

// reporter tells the operator, by heartbeats, what this process found out by recounting.
type reporter struct {
	brokers []kgo.Opt
	topic   string
	pod     string
	balance func() *event.Balance
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
	failing := false
	for {
		err := r.report(ctx, client)
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

func (r *reporter) report(ctx context.Context, client *kgo.Client) error {
	// Without a boot id: it gives no counters, and nobody waits for it to be drained.
	h := &event.Heartbeat{Pod: r.pod, At: time.Now().UnixMilli(), Version: version, Balance: r.balance()}
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
