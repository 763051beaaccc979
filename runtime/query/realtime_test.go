package query_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/query"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

// live is a Redis with live counters, and a query server that reads it. It has no ClickHouse.
type live struct {
	t      *testing.T
	writer *store.LiveWriter
	server *query.Server
}

func newLive(t *testing.T) *live {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: servers.Redis(t)})
	t.Cleanup(func() { client.Close() })
	return &live{
		t: t, writer: &store.LiveWriter{Client: client, Keys: store.LiveKeys{Prefix: "ct"}},
		server: newServer(t, query.Config{
			Redis: client, Prefix: "ct", Catalog: twoPartitions,
			Now: func() time.Time { return liveNow },
		}),
	}
}

// count writes the counters of one minute, entity and src_part.
func (l *live) count(minute string, part uint32, e store.Entity, ver uint64, c store.Counts) {
	l.t.Helper()
	err := l.writer.Write(l.t.Context(), []store.LiveWrite{{
		Minute: at(minute).Unix(), Entity: e, SrcPart: event.SrcPart(part), Ver: ver, Counts: c,
	}})
	if err != nil {
		l.t.Fatal(err)
	}
}

// liveNow is the clock of live tests: Redis drops minutes by a clock of its own, so theirs is near it.
var liveNow = time.Now().UTC().Truncate(time.Minute).Add(30 * time.Second)

// minutesBefore is the minute n minutes before the running one.
func minutesBefore(n int) string {
	return liveNow.Truncate(time.Minute).Add(-time.Duration(n) * time.Minute).Format(time.RFC3339)
}

func (l *live) ask(query string) map[string]any {
	l.t.Helper()
	status, body := get(l.t, l.server, "/v1/stats/realtime?"+query)
	if status != 200 {
		l.t.Fatalf("%s: %d %v", query, status, body)
	}
	return body
}

var all = store.Entity{Kind: store.EntityAll}

func TestRealtimeSumsPartitionsOverTheWindow(t *testing.T) {
	l := newLive(t)
	ad := store.Entity{Kind: store.EntityAd, ID: "ad-123"}
	l.count(minutesBefore(0), firstPart, ad, 1, store.Counts{
		Impressions: 100, ClicksValid: 5, ClicksSuspicious: 2, ClicksFraudulent: 1,
		ClicksDuplicate: 4, ClicksTest: 3, ClicksClosed: 6, Money: []store.Money{
			{Currency: "USD", SpendValid: 2_500_000, SpendSuspicious: 1_000_000, SpendFraudulent: 500_000, Cost: 10_000},
		},
	})
	l.count(minutesBefore(59), secondPart, ad, 1, store.Counts{
		Impressions: 60, ClicksValid: 8,
		Money: []store.Money{{Currency: "EUR", SpendValid: 4_000_000}},
	})
	l.count(minutesBefore(60), secondPart, ad, 1, store.Counts{ClicksValid: 1000}) // just outside
	l.count(minutesBefore(0), firstPart, all, 1, store.Counts{ClicksValid: 500})
	err := l.writer.Finish(t.Context(), []event.SrcPart{event.SrcPart(firstPart), event.SrcPart(secondPart)},
		[]time.Time{liveNow, liveNow.Add(-388 * time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}

	body := l.ask("ad_id=ad-123&window_minutes=60")
	want := map[string]any{
		"ad_id": "ad-123", "from": minutesBefore(59), "to": minutesBefore(-1),
		"as_of":       strings.Replace(minutesBefore(0), ":00Z", ":29.612Z", 1),
		"impressions": 160., "ctr": 0.1, "lp_views": 0., "lp_clicks": 0., "bounces": 0.,
		"clicks": map[string]any{"gross": 16., "valid": 13., "suspicious": 2., "fraudulent": 1., "invalid": 3., "duplicate": 4., "test": 3., "closed": 6.},
		"spend":  []any{map[string]any{"amount": "4.00", "currency": "EUR"}, map[string]any{"amount": "3.50", "currency": "USD"}},
		"cost":   usd("0.01"),
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	for query, gross := range map[string]float64{
		"": 500, "ad_id=ad-123": 16, "ad_id=ad-123&window_minutes=59": 8, "ad_id=ad-123&window_minutes=120": 1016, "campaign_id=ad-123": 0,
	} {
		if got := pick(l.ask(query), "clicks.gross")[0]; got != gross {
			t.Errorf("%q: gross %v, want %v", query, got, gross)
		}
	}
}

func TestRealtimeSlidesFiveMinutesByOne(t *testing.T) {
	l := newLive(t)
	for n, clicks := range []uint64{1, 2, 4, 8, 16, 32, 64} { // from the running minute back
		l.count(minutesBefore(n), firstPart, all, 1, store.Counts{ClicksValid: clicks})
	}
	var got []any
	for _, m := range list(l.ask("series=true&window_minutes=3"), "series") {
		got = append(got, pick(m, "minute", "clicks.gross", "sliding_clicks", "moving_average")...)
	}
	want := []any{
		minutesBefore(2), 4., 4. + 8 + 16 + 32 + 64, 24.8,
		minutesBefore(1), 2., 2. + 4 + 8 + 16 + 32, 12.4,
		minutesBefore(0), 1., 1. + 2 + 4 + 8 + 16, 6.2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	series := list(l.ask("series=true&window_minutes=120"), "series")
	if len(series) != 120 {
		t.Fatalf("%d minutes", len(series))
	}
	if diff := cmp.Diff([]any{nil, nil, 0.}, []any{series[0]["moving_average"], series[3]["sliding_clicks"], series[4]["moving_average"]}); diff != "" {
		t.Errorf("five minutes are not kept at the far end: %s", diff)
	}
}

func TestRealtimeBeforeAnythingWasCounted(t *testing.T) {
	l := newLive(t)
	body := l.ask("country=DE")
	if diff := cmp.Diff([]any{"DE", nil, 0., 0.}, pick(body, "country", "as_of", "clicks.gross", "ctr")); diff != "" {
		t.Error(diff)
	}
}

func TestRealtimeRefusesTwoFiltersAndPointsToHistory(t *testing.T) {
	status, body := get(t, newServer(t, serverWithoutHistory(t)), "/v1/stats/realtime?ad_id=a&country=DE")
	want := []any{"ad_id,country", "live figures are kept for one of these at a time; for combinations ask /v1/stats with open=true"}
	if diff := cmp.Diff(want, pick(body, "parameter", "detail")); diff != "" || status != 400 {
		t.Errorf("%d %s", status, diff)
	}
}

func TestRealtimeSaysThatRedisIsAway(t *testing.T) {
	status, body := get(t, newServer(t, serverWithoutHistory(t)), "/v1/stats/realtime")
	if status != 503 || body["type"] != "https://clicktally.dev/problems/live-away" {
		t.Errorf("%d %v", status, body)
	}
}
