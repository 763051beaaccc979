package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog/heartbeats"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/test/freeport"
	"github.com/clicktally/clicktally/test/servers"
)

const patience = 2 * time.Minute

// Kafka is away, so there is no catalog: the process is alive, not ready, and says what it waits for.
func TestAWorkerWithoutACatalogIsAliveAndNotReady(t *testing.T) {
	admin, err := freeport.Address("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, options{
			admin: admin, kafka: process.Kafka{Servers: []string{"127.0.0.1:1"}, Prefix: "ct"},
			stores: stores.Flags{Redis: []string{"127.0.0.1:1"}, ClickHouse: []string{"127.0.0.1:1"}, Database: "clicktally"},
		})
	}()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/metrics": 200} {
		if got := status(t, "http://"+admin+path, done); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("run did not stop")
	}
}

// status asks until the port is open.
func status(t *testing.T, url string, done <-chan error) int {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; {
		response, err := http.Get(url)
		if err == nil {
			response.Body.Close()
			return response.StatusCode
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Fatalf("run ended: %v", err)
		case <-tick.C:
		}
	}
}

func TestAJudgementReachesWhoeverFollows(t *testing.T) {
	broker := servers.KafkaServer(t)
	brokers, log := []kgo.Opt{kgo.SeedBrokers(broker.Addr())}, slog.New(slog.DiscardHandler)
	client, err := kgo.NewClient(brokers...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, "ct.heartbeats"); err != nil {
		t.Fatal(err)
	}
	follower := heartbeats.New(heartbeats.Config{Options: brokers, Topic: "ct.heartbeats", Log: log})
	r := &reporter{brokers: brokers, topic: "ct.heartbeats", pod: "main-aggregator-1", log: log, balance: func() *event.Balance {
		return balanceOf(ledger.Verdict{Status: ledger.False, Reason: "LostClicks", Message: "3 clicks are lost"}, &aggregate.Status{})
	}, newest: func(_ context.Context, now time.Time) (time.Time, error) { return now.Add(time.Hour), nil }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.run(ctx) }()
	followed := make(chan struct{})
	go func() { defer close(followed); follower.Run(ctx) }()
	want := heartbeats.Balance{Status: "False", Reason: "Difference", Message: "3 clicks are lost"}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); follower.Balance() != want; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", follower.Balance())
		}
	}
	now := time.Now()
	if newest, ok := follower.Newest(now); !ok || newest.Sub(now).Round(time.Minute) != time.Hour {
		t.Errorf("the newest event is at %v, %t, want in an hour", newest, ok)
	}
	if fleets := follower.Fleets(); len(fleets) > 0 {
		t.Errorf("an aggregator counts as a tracker: %v", fleets)
	}
	stop()
	<-followed
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWhatAConditionSaysOfAJudgement(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for sentence, c := range map[string]struct {
		verdict ledger.Verdict
		status  aggregate.Status
		want    string
	}{
		"all is well":           {ledger.Verdict{Status: "True", Reason: "Balanced", Message: "m"}, aggregate.Status{}, "True Balanced: m"},
		"a difference":          {ledger.Verdict{Status: "False", Reason: "Lost", Message: "m"}, aggregate.Status{}, "False Difference: m"},
		"nothing is judged yet": {ledger.Verdict{Status: "Unknown", Reason: "NotJudged", Message: "m"}, aggregate.Status{}, "Unknown Progressing: m"},
		"a refused computation": {ledger.Verdict{Status: "True", Reason: "Balanced"}, aggregate.Status{Refused: 2, RefusedSince: at}, "False TotalsFell: 2 minutes stay at their marks because raw says less, the oldest 2026-03-01T12:00:00Z: clicktally restate"},
	} {
		b := balanceOf(c.verdict, &c.status)
		if diff := cmp.Diff(c.want, fmt.Sprintf("%s %s: %s", b.GetStatus(), b.GetReason(), b.GetMessage())); diff != "" {
			t.Errorf("%s: %s", sentence, diff)
		}
	}
}
