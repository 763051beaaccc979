package query_test

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/ledger/rollup"
	"github.com/clicktally/clicktally/runtime/query"
)

// keptFor is a catalog whose pipeline keeps minutes for some days.
func keptFor(days uint32) func() *catalog.Catalog {
	c := twoPartitions().With([]catalog.Change{catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_Pipeline{
		Pipeline: &catalogpb.Pipeline{Namespace: "ct", Name: "main", RawDays: days},
	}}, 1)})
	return func() *catalog.Catalog { return c }
}

func TestStatsSayTheSameFromQuarterHoursAndFromMinutes(t *testing.T) {
	h := newHistory(t)
	h.complete("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")
	r := rand.New(rand.NewPCG(2, 6))
	// Over the end of Newfoundland's summer time, and up to today.
	for day := range 23 {
		for n := range 6 {
			minute := at("2026-10-31T00:00:00Z").Add(time.Duration(day)*24*time.Hour + time.Duration(r.IntN(1440))*time.Minute)
			if minute.After(at("2026-11-22T09:00:00Z")) {
				continue
			}
			h.minute([]uint32{firstPart, secondPart}[n%2], minute.Format(time.RFC3339), uint64(n+1), row{
				"campaign_id": []string{"a", "b"}[r.IntN(2)], "country": []string{"DE", "AT"}[r.IntN(2)], "price_currency": []string{"USD", "EUR"}[n%2],
				"cost_currency": "USD", "impressions": uint64(r.IntN(50)), "clicks_valid": uint64(r.IntN(9)), "clicks_suspicious": uint64(r.IntN(3)),
				"clicks_duplicate": uint64(r.IntN(2)), "spend_valid": r.Int64N(1_000_000), "spend_suspicious": r.Int64N(1000), "cost": r.Int64N(99_000),
			})
		}
	}
	roller, err := rollup.New(rollup.Config{ClickHouse: h.conn, Database: h.database, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roller.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Whoever reads a minute that has expired reads nonsense.
	short := newServer(t, query.Config{ClickHouse: h.conn, Database: h.database, Redis: noRedis(t), Catalog: keptFor(9)})
	full := newServer(t, query.Config{ClickHouse: h.conn, Database: h.database, Redis: noRedis(t), Catalog: keptFor(90)})
	want := map[string]map[string]any{}
	asks := []string{
		"granularity=day&time_zone=America/St_Johns&from=2026-10-31&to=2026-11-22",
		"granularity=day&time_zone=Asia/Kolkata&from=2026-10-31&to=2026-11-22&group_by=campaign_id,country",
		"granularity=hour&time_zone=America/St_Johns&from=2026-10-31&to=2026-11-03",
		"granularity=total&from=2026-10-31&to=2026-11-22&campaign_id=a",
		"granularity=total&from=2026-11-10T10:15:00Z&to=2026-11-20T09:07:00Z&group_by=country",
		"granularity=total&from=2026-11-01T00:00:00Z&to=2026-11-05T00:15:00Z",
	}
	for _, ask := range asks {
		status, body := get(t, full, "/v1/stats?"+ask)
		if status != http.StatusOK || len(list(body, "rows")) == 0 {
			t.Fatalf("%s: %d %v", ask, status, body)
		}
		want[ask] = body
	}
	h.exec("ALTER TABLE " + h.database + ".minutes UPDATE clicks_valid = 1000000 WHERE minute < toDateTime('2026-11-13 10:00:00', 'UTC') SETTINGS mutations_sync = 2")
	for _, ask := range asks {
		_, body := get(t, short, "/v1/stats?"+ask)
		if diff := cmp.Diff(want[ask], body); diff != "" {
			t.Errorf("%s (-minutes +quarter-hours):\n%s", ask, diff)
		}
	}
	_, body := get(t, short, "/v1/stats?granularity=total&from=2026-11-01T00:07:00Z&to=2026-11-05T00:08:00Z")
	if body["from"] != "2026-11-01T00:00:00Z" || body["to"] != "2026-11-05T00:15:00Z" {
		t.Errorf("an old range is widened to whole quarter-hours and says so: %v to %v", body["from"], body["to"])
	}
}
