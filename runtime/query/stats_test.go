package query_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatsCountsMinuteRowsAtTheirMarks(t *testing.T) {
	h := newHistory(t)
	h.complete("2026-11-22T09:30:00Z", "2026-11-22T09:20:59.999Z")
	// One minute, twice the same row of the same version, as a writer that tried again leaves it.
	counted := row{
		"campaign_id": "spring-sale", "price_currency": "USD", "impressions": uint64(100), "page_views": uint64(9),
		"click_throughs": uint64(4), "bounces": uint64(11), "clicks_valid": uint64(7), "clicks_suspicious": uint64(2), "clicks_fraudulent": uint64(1),
		"clicks_test": uint64(5), "clicks_closed": uint64(6), "clicks_duplicate": uint64(3), "duplicates": uint64(8),
		"spend_valid": int64(3_500_000), "spend_suspicious": int64(1_000_000), "spend_fraudulent": int64(500_000),
	}
	h.minute(firstPart, "2026-11-22T09:10:00Z", 40, counted, counted)
	// A computation of an older, shorter prefix arrives late: its version is below the mark.
	h.rows(firstPart, "2026-11-22T09:10:00Z", 30, row{"campaign_id": "spring-sale", "ad_id": "gone", "impressions": uint64(1000)})
	// A minute whose mark has not been written yet.
	h.rows(firstPart, "2026-11-22T09:11:00Z", 50, row{"campaign_id": "spring-sale", "impressions": uint64(10_000)})
	// The other partition is complete until 09:20 only.
	h.minute(secondPart, "2026-11-22T09:19:00Z", 8, row{"campaign_id": "other", "clicks_valid": uint64(1)})
	h.minute(secondPart, "2026-11-22T09:20:00Z", 9, row{"campaign_id": "other", "clicks_valid": uint64(100)})

	body := h.ask("/v1/stats?group_by=campaign_id&from=2026-11-22T09:00:00Z")
	if got := body["complete_until"]; got != "2026-11-22T09:20:00Z" {
		t.Errorf("complete_until is %v, want the minute of the partition that is furthest behind", got)
	}
	rows := list(body, "rows")
	if len(rows) != 2 {
		t.Fatalf("got %d rows, want one each of other and spring-sale: %v", len(rows), rows)
	}
	fields := []string{
		"campaign_id", "impressions", "lp_views", "lp_clicks", "bounces", "clicks.gross", "clicks.valid", "clicks.suspicious",
		"clicks.fraudulent", "clicks.invalid", "clicks.test", "clicks.closed", "clicks.duplicate", "ctr", "spend",
	}
	want := []any{"spring-sale", 100., 9., 4., 11., 10., 7., 2., 1., 3., 5., 6., 3., 0.1, usd("4.50")}
	if diff := cmp.Diff(want, pick(rows[1], fields...)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{"other", 1., 0.}, pick(rows[0], "campaign_id", "clicks.gross", "ctr")); diff != "" {
		t.Error(diff)
	}

	open := list(h.ask("/v1/stats?group_by=campaign_id&from=2026-11-22T09:00:00Z&open=true"), "rows")
	if diff := cmp.Diff([]any{"other", 101.}, pick(open[0], "campaign_id", "clicks.gross")); diff != "" {
		t.Errorf("open=true also answers marked minutes after complete_until: %s", diff)
	}
}

func TestNothingIsCompleteWhileAPartitionHasNotReported(t *testing.T) {
	h := newHistory(t)
	h.insert("progress", row{"src_part": firstPart, "complete_until": at("2026-11-22T09:30:00Z"), "written": now})
	h.minute(firstPart, "2026-11-22T09:10:00Z", 1, row{"clicks_valid": uint64(1)})

	body := h.ask("/v1/stats")
	if body["complete_until"] != nil || len(list(body, "rows")) != 0 {
		t.Errorf("partition 1 has reported nothing, got %v", body)
	}
	if rows := list(h.ask("/v1/stats?open=true"), "rows"); len(rows) != 1 {
		t.Errorf("open=true answers what is marked, got %v", rows)
	}
}

func TestStatsKeepsCurrenciesApart(t *testing.T) {
	h := newHistory(t)
	h.complete("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")
	h.minute(firstPart, "2026-11-22T09:10:00Z", 1,
		row{"campaign_id": "a", "price_currency": "USD", "cost_currency": "USD", "clicks_valid": uint64(2), "spend_valid": int64(1_000_000), "cost": int64(300_000)},
		row{"campaign_id": "b", "price_currency": "EUR", "cost_currency": "USD", "clicks_valid": uint64(1), "spend_valid": int64(250_000), "cost": int64(100_000)},
		row{"campaign_id": "c", "clicks_valid": uint64(1)}) // without a price

	rows := list(h.ask("/v1/stats"), "rows")
	if len(rows) != 1 {
		t.Fatalf("one row was asked for: %v", rows)
	}
	want := []any{
		4.,
		[]any{map[string]any{"amount": "0.25", "currency": "EUR"}, map[string]any{"amount": "1.00", "currency": "USD"}},
		usd("0.40"),
		[]any{},
		usd("-0.40"),
	}
	if diff := cmp.Diff(want, pick(rows[0], "clicks.gross", "spend", "cost", "revenue", "profit")); diff != "" {
		t.Error(diff)
	}
}

func TestStatsDayAndHourBucketsFollowTheZone(t *testing.T) {
	h := newHistory(t)
	h.complete("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")
	// Berlin left summer time on 2026-10-25 at 01:00 UTC: that day has 25 hours, 24th 22:00 UTC to 25th 23:00 UTC.
	for i, minute := range []string{
		"2026-10-24T21:59:00Z", // 23:59 on the 24th
		"2026-10-24T22:00:00Z", // 00:00 on the 25th
		"2026-10-25T00:30:00Z", // 02:30 summer time
		"2026-10-25T01:30:00Z", // 02:30 winter time, an hour later
		"2026-10-25T22:59:00Z", // 23:59 on the 25th
		"2026-10-25T23:00:00Z", // 00:00 on the 26th
	} {
		h.minute(firstPart, minute, 1, row{"clicks_valid": uint64(1) << i})
	}
	type bucket struct {
		time   string
		clicks float64
	}
	ask := func(query string) []bucket {
		var got []bucket
		for _, r := range list(h.ask("/v1/stats?from=2026-10-24&to=2026-10-27&"+query), "rows") {
			got = append(got, bucket{r["time"].(string), pick(r, "clicks.gross")[0].(float64)})
		}
		return got
	}
	tests := map[string]struct {
		query string
		want  []bucket
	}{
		"a day in Berlin has the 25 hours of that day": {"granularity=day&time_zone=Europe/Berlin", []bucket{
			{"2026-10-24T00:00:00+02:00", 1}, {"2026-10-25T00:00:00+02:00", 2 + 4 + 8 + 16}, {"2026-10-26T00:00:00+01:00", 32},
		}},
		"a day in UTC": {"granularity=day", []bucket{{"2026-10-24T00:00:00Z", 1 + 2}, {"2026-10-25T00:00:00Z", 4 + 8 + 16 + 32}}},
		"the hour that comes twice is two buckets": {"granularity=hour&time_zone=Europe/Berlin", []bucket{
			{"2026-10-24T23:00:00+02:00", 1},
			{"2026-10-25T00:00:00+02:00", 2},
			{"2026-10-25T02:00:00+02:00", 4},
			{"2026-10-25T02:00:00+01:00", 8},
			{"2026-10-25T23:00:00+01:00", 16},
			{"2026-10-26T00:00:00+01:00", 32},
		}},
		"hours of a zone with half an hour": {"granularity=hour&time_zone=Asia/Kolkata", []bucket{
			{"2026-10-25T03:00:00+05:30", 1 + 2},
			{"2026-10-25T06:00:00+05:30", 4},
			{"2026-10-25T07:00:00+05:30", 8},
			{"2026-10-26T04:00:00+05:30", 16 + 32},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ask(test.query), cmp.AllowUnexported(bucket{})); diff != "" {
				t.Error(diff)
			}
		})
	}
	minutes := list(h.ask("/v1/stats?from=2026-10-25T00:00:00Z&to=2026-10-25T02:00:00Z&granularity=minute"), "rows")
	if len(minutes) != 2 || minutes[0]["time"] != "2026-10-25T00:30:00Z" {
		t.Errorf("minutes: %v", minutes)
	}
}

func TestStatsDatesConversionsAtTheirClick(t *testing.T) {
	h := newHistory(t)
	h.complete("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")
	h.minute(firstPart, "2026-11-20T08:00:00Z", 1, row{
		"campaign_id": "spring-sale", "country": "DE", "clicks_valid": uint64(8),
		"cost_currency": "USD", "cost": int64(2_000_000),
	})
	click := func(id, campaign, disposition string) {
		h.insert("click_lookup", row{
			"hour": at("2026-11-20T08:00:00Z"), "event_id": id, "src_part": firstPart,
			"timestamp": at("2026-11-20T08:00:10Z"), "campaign_id": campaign, "country": "DE", "disposition": disposition,
		})
	}
	conversion := func(id, txid, status string, ver uint64, revenue int64) {
		h.insert("conversions", row{
			"src_part": firstPart, "click_time": at("2026-11-20T08:00:10Z"), "click_id": id, "campaign_id": "spring-sale", "txid": txid,
			"identity": fmt.Sprintf("%016d", ver), "ver": ver, "status": status, "revenue_micros": revenue, "revenue_currency": "USD", "timestamp": at("2026-11-21T12:00:00Z"),
		})
	}
	click("one", "spring-sale", "Routed")
	click("two", "spring-sale", "Routed")
	click("tried", "spring-sale", "Test")
	conversion("one", "t1", "Pending", 1, 0)
	conversion("one", "t1", "Approved", 2, 5_000_000) // the last status in log order wins
	conversion("one", "t2", "Rejected", 3, 9_000_000)
	conversion("two", "t3", "Pending", 4, 7_000_000)
	conversion("tried", "t4", "Approved", 5, 100_000_000)

	rows := list(h.ask("/v1/stats?granularity=day&group_by=campaign_id&from=2026-11-20&to=2026-11-22&campaign_id=spring-sale&country=DE"), "rows")
	if len(rows) != 1 {
		t.Fatalf("the conversions belong to the day of the click, got %v", rows)
	}
	want := []any{
		"2026-11-20T00:00:00Z", map[string]any{"Approved": 1., "Pending": 1., "Rejected": 1.}, 0.25, usd("5.00"), usd("3.00"),
	}
	if diff := cmp.Diff(want, pick(rows[0], "time", "conversions", "conversion_rate", "revenue", "profit")); diff != "" {
		t.Error(diff)
	}
}

func TestStatsFilters(t *testing.T) {
	h := newHistory(t)
	h.complete("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")
	h.minute(firstPart, "2026-11-22T09:10:00Z", 1,
		row{"campaign_id": "a", "ad_id": "ad-1", "country": "DE", "region": "BE", "device_type": "Mobile", "clicks_valid": uint64(1)},
		row{"campaign_id": "a", "ad_id": "ad-2", "country": "AT", "device_type": "Desktop", "publisher_id": "p", "clicks_valid": uint64(2)},
		row{"campaign_id": "b", "ad_id": "~other", "advertiser_id": "adv", "ts_id": "ts", "clicks_valid": uint64(4)},
		row{"campaign_id": "", "region": "it's \\ ) OR 1=1 --", "clicks_valid": uint64(8)})

	injection := url.QueryEscape("x') OR 1=1 --")
	tests := map[string]struct {
		query string
		want  any // gross, or nil for no row at all
	}{
		"one campaign":                        {"campaign_id=a", 3.},
		"either of two":                       {"campaign_id=a&campaign_id=b", 7.},
		"two dimensions":                      {"campaign_id=a&country=DE", 1.},
		"orphans":                             {"campaign_id=", 8.},
		"folded ads":                          {"ad_id=~other", 4.},
		"advertiser":                          {"advertiser_id=adv", 4.},
		"publisher":                           {"publisher_id=p", 2.},
		"traffic source":                      {"ts_id=ts", 4.},
		"device":                              {"device_type=Mobile", 1.},
		"region":                              {"region=BE", 1.},
		"nobody":                              {"campaign_id=nobody", nil},
		"a region that tries to end the text": {"region=" + injection, nil},
		"a region with a bound name":          {"region=" + url.QueryEscape("@from"), nil},
		"a region with a question mark":       {"region=" + url.QueryEscape("?"), nil},
		"a region that looks like SQL":        {"region=" + url.QueryEscape("it's \\ ) OR 1=1 --"), 8.},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rows := list(h.ask("/v1/stats?from=2026-11-22T09:00:00Z&"+test.query), "rows")
			var got any
			if len(rows) == 1 {
				got = pick(rows[0], "clicks.gross")[0]
			}
			if got != test.want {
				t.Errorf("gross %v, want %v", got, test.want)
			}
		})
	}
}

func TestStatsStopsAtItsBound(t *testing.T) {
	h := newHistory(t)
	h.complete("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")
	h.exec("INSERT INTO " + h.database + ".minutes (src_part, minute, campaign_id, ver, impressions) " +
		"SELECT 65536, toDateTime('2026-11-22 09:00:00', 'UTC'), leftPad(toString(number), 5, '0'), 1, 1 FROM numbers(10001)")
	h.insert("marks", row{"src_part": firstPart, "minute": at("2026-11-22T09:00:00Z"), "ver": uint64(1)})

	body := h.ask("/v1/stats?group_by=campaign_id&from=2026-11-22T08:00:00Z")
	if rows := list(body, "rows"); len(rows) != 10_000 || body["truncated"] != true || rows[9_999]["campaign_id"] != "09999" {
		t.Errorf("got %d rows, truncated %v", len(rows), body["truncated"])
	}
	body = h.ask("/v1/stats?from=2026-11-22T08:00:00Z")
	if rows := list(body, "rows"); len(rows) != 1 || body["truncated"] != nil || rows[0]["impressions"] != 10_001. {
		t.Errorf("without grouping it is one row: %v", body)
	}
}

func TestHistoryWithoutClickHouseSaysHowToGetIt(t *testing.T) {
	server := newServer(t, serverWithoutHistory(t))
	for _, path := range []string{"/v1/stats", "/v1/clicks", "/v1/clicks/x", "/v1/sessions"} {
		status, body := get(t, server, path)
		if status != http.StatusServiceUnavailable || body["detail"] != "run `make chdb`" {
			t.Errorf("%s: %d %v", path, status, body)
		}
	}
}
