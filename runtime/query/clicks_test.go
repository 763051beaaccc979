package query_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
)

var signer = func() *event.Signer {
	s, err := event.NewSigner([]byte("sixteen bytes or more"))
	if err != nil {
		panic(err)
	}
	return s
}()

// click inserts one copy of a raw click at an offset of the first partition and returns its id.
func (h *history) click(when string, counter uint32, offset uint64, more row) event.ID {
	h.t.Helper()
	id := event.NewID(at(when).UnixMilli(), 0, 7, counter)
	h.insert("events", row{
		"src_part": firstPart, "minute": at(when).Truncate(time.Minute), "src_off": offset, "identity": string(id[:]),
		"event_type": "click", "origin": "Own", "event_id": id.String(), "timestamp": at(when), "accepted": at(when), "logged": at(when),
		"campaign_id": "spring-sale", "disposition": "Routed", "status": "Valid",
	}.with(more))
	return id
}

func ids(body map[string]any) []any {
	var out []any
	for _, e := range list(body, "events") {
		out = append(out, e["event_id"])
	}
	return out
}

func TestClicksListsEveryIdentityOnce(t *testing.T) {
	h := newHistory(t)
	old := h.click("2026-11-22T08:00:00.100Z", 1, 1, nil)
	twice := h.click("2026-11-22T09:00:00.200Z", 2, 2, row{"ip_address": "203.0.113.7"})
	h.click("2026-11-22T09:00:00.200Z", 2, 3, row{"ip_address": "203.0.113.7"})
	h.click("2026-11-22T09:00:00.200Z", 2, 3, row{"ip_address": "203.0.113.7", "loader": uint16(2)}) // loaded again
	h.click("2026-11-21T00:00:00Z", 3, 4, nil)                                                       // more than a day ago
	h.click("2026-11-22T09:30:00Z", 4, 5, row{"event_type": "impression"})

	body := h.ask("/v1/clicks")
	if diff := cmp.Diff([]any{twice.String(), old.String()}, ids(body)); diff != "" {
		t.Fatalf("newest first: %s", diff)
	}
	events := list(body, "events")
	want := []any{1., nil, "2026-11-22T09:00:00.200Z", "Routed", "Valid"}
	if diff := cmp.Diff(want, pick(events[0], "duplicates", "ip_address", "timestamp", "disposition", "status")); diff != "" {
		t.Error(diff)
	}
	if got := pick(events[1], "duplicates")[0]; got != 0. {
		t.Errorf("duplicates of a single click: %v", got)
	}
	events = list(h.ask("/v1/clicks?addresses=true"), "events")
	if got := events[0]["ip_address"]; got != "203.0.113.7" {
		t.Errorf("address when it is asked for: %v", got)
	}
}

func TestClicksFilters(t *testing.T) {
	h := newHistory(t)
	a := h.click("2026-11-22T09:01:00Z", 1, 1, row{"campaign_id": "a", "ad_id": "ad-1", "status": "Fraudulent"}).String()
	b := h.click("2026-11-22T09:02:00Z", 2, 2, row{"campaign_id": "b", "disposition": "Closed"}).String()
	seen := h.click("2026-11-22T09:03:00Z", 3, 3, row{"campaign_id": "a", "event_type": "impression", "status": ""}).String()
	// A foreign click stated twice: the first copy in the log is the one that counts, and its verdict with it.
	h.click("2026-11-22T09:04:00Z", 4, 4, row{"event_id": "theirs", "origin": "Foreign", "campaign_id": "c", "status": "Suspicious"})
	h.click("2026-11-22T09:04:00Z", 4, 5, row{"event_id": "theirs", "origin": "Foreign", "campaign_id": "c", "status": "Valid"})

	tests := map[string]struct {
		query string
		want  []any
	}{
		"campaign":                     {"campaign_id=a", []any{a}},
		"two campaigns":                {"campaign_id=a&campaign_id=b", []any{b, a}},
		"ad":                           {"ad_id=ad-1", []any{a}},
		"status":                       {"status=Fraudulent", []any{a}},
		"disposition":                  {"disposition=Closed", []any{b}},
		"another type":                 {"type=impression", []any{seen}},
		"any type":                     {"type=any&campaign_id=a", []any{seen, a}},
		"a range":                      {"from=2026-11-22T09:02:00Z&to=2026-11-22T09:03:00Z", []any{b}},
		"the counted copy's verdict":   {"campaign_id=c&status=Suspicious", []any{"theirs"}},
		"not that of a duplicate":      {"campaign_id=c&status=Valid", nil},
		"a date in the zone of reader": {"campaign_id=a&to=2026-11-22&time_zone=America/New_York", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ids(h.ask("/v1/clicks?"+test.query))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClicksPagesStayInPlaceWhileClicksArrive(t *testing.T) {
	h := newHistory(t)
	var want []any
	for i := range 7 { // three of them in one millisecond, over two hours
		when := []string{
			"2026-11-22T09:59:59.999Z", "2026-11-22T09:59:00Z", "2026-11-22T09:30:00Z", "2026-11-22T09:30:00Z",
			"2026-11-22T09:30:00Z", "2026-11-22T08:10:00Z", "2026-11-22T08:09:00Z",
		}[i]
		want = append(want, h.click(when, uint32(100-i), uint64(i), nil).String())
	}
	var got []any
	next := ""
	for page := 0; ; page++ {
		body := h.ask("/v1/clicks?limit=2" + next)
		got = append(got, ids(body)...)
		if body["next_cursor"] == nil {
			break
		}
		next = "&cursor=" + url.QueryEscape(body["next_cursor"].(string))
		h.click("2026-11-22T10:00:00Z", uint32(200+page), uint64(200+page), nil) // newer than every page still to come
		if page > 10 {
			t.Fatal("the list does not end")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOneClickSaysWhatWasDecidedAndHowItCounts(t *testing.T) {
	h := newHistory(t)
	id := h.click("2026-11-22T09:00:00.500Z", 9, 41, row{
		"ip_address": "203.0.113.7", "user_agent": "curl/8.0", "status": "Suspicious", "score": uint8(45), "reasons": []string{"UserAgentNonBrowser", "IPVelocity"}, "reason_points": []uint8{25, 40},
		"signals": `{"user_agent_class":"NonBrowser"}`, "verdict": `{"score":45}`, "policy_digest": "ab12", "campaign_generation": int64(7),
		"catalog_offset": int64(123), "price_micros": int64(500_000), "price_currency": "USD", "destination": "https://shop.example.org/",
	})
	h.click("2026-11-22T09:00:00.500Z", 9, 42, nil)
	h.insert("marks", row{"src_part": firstPart, "minute": at("2026-11-22T09:00:00Z"), "ver": uint64(3<<48 | 42)})
	for ver, campaign := range []string{"spring-sale", "another-tenants"} { // which may not speak of this click
		h.insert("conversions", row{
			"src_part": firstPart, "click_time": at("2026-11-22T09:00:00.500Z"), "click_id": id.String(), "campaign_id": campaign, "txid": "t1",
			"ver": uint64(50 + ver), "status": "Approved", "kind": "purchase", "revenue_micros": int64(19_990_000), "revenue_currency": "EUR",
			"identity": fmt.Sprintf("%016d", ver), "timestamp": at("2026-11-22T09:40:00Z"),
		})
	}

	byUUID := h.ask("/v1/clicks/" + id.String())
	if diff := cmp.Diff(byUUID, h.ask("/v1/clicks/"+signer.Public(id))); diff != "" {
		t.Errorf("the public click id shows something else: %s", diff)
	}
	fields := []string{
		"event_id", "duplicates", "status", "score", "destination", "signals.user_agent_class", "verdict.score",
		"versions.policy_digest", "versions.campaign_generation", "versions.catalog_offset", "log.generation", "log.partition", "log.offset",
		"counted.as", "counted.gross", "counted.spend.amount", "counted.minute", "counted.in_minute_row", "ip_address",
	}
	want := []any{
		id.String(), 1., "Suspicious", 45., "https://shop.example.org/", "NonBrowser", 45., "ab12", 7., 123., 1., 0., 41.,
		"suspicious", true, "0.50", "2026-11-22T09:00:00Z", true, nil,
	}
	if diff := cmp.Diff(want, pick(byUUID, fields...)); diff != "" {
		t.Error(diff)
	}
	points := []any{map[string]any{"reason": "UserAgentNonBrowser", "points": 25.}, map[string]any{"reason": "IPVelocity", "points": 40.}}
	if diff := cmp.Diff(points, byUUID["points"]); diff != "" {
		t.Error(diff)
	}
	conversion := []any{"t1", "purchase", "Approved", "19.99", "2026-11-22T09:40:00.000Z"}
	if n := len(list(byUUID, "conversions")); n != 1 {
		t.Fatalf("%d conversions", n)
	}
	if diff := cmp.Diff(conversion, pick(list(byUUID, "conversions")[0], "txid", "kind", "status", "revenue.amount", "timestamp")); diff != "" {
		t.Error(diff)
	}
}

func TestHowAClickCounts(t *testing.T) {
	h := newHistory(t)
	price := row{"price_micros": int64(1_000_000), "price_currency": "USD"}
	tests := map[string]struct {
		columns row
		want    []any // as, gross, spend, in_minute_row
	}{
		"a valid click is gross and spent":       {row{"status": "Valid"}, []any{"valid", true, "1.00", true}},
		"a fraudulent click is gross, not spent": {row{"status": "Fraudulent"}, []any{"fraudulent", true, nil, true}},
		"a test click is apart":                  {row{"disposition": "Test"}, []any{"test", false, nil, true}},
		"a click of a closed campaign is apart":  {row{"disposition": "Closed"}, []any{"closed", false, nil, true}},
		"an orphan is gross, nobody pays":        {row{"disposition": "Orphan"}, []any{"valid", true, nil, true}},
		"above the mark's cut it is on its way":  {row{"src_off": uint64(1000)}, []any{"valid", true, "1.00", false}},
		"an impression is no click":              {row{"event_type": "impression"}, []any{"impression", false, nil, true}},
	}
	h.insert("marks", row{"src_part": firstPart, "minute": at("2026-11-22T09:00:00Z"), "ver": uint64(1<<48 | 1000)})
	n := uint32(0)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n++
			id := h.click("2026-11-22T09:00:00Z", n, uint64(n), price.with(test.columns))
			body := h.ask("/v1/clicks/" + id.String())
			if diff := cmp.Diff(test.want, pick(body, "counted.as", "counted.gross", "counted.spend.amount", "counted.in_minute_row")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAClickThatIsNotThere(t *testing.T) {
	h := newHistory(t)
	gone := event.NewID(now.UnixMilli(), 0, 1, 1)
	for path, want := range map[string]int{
		gone.String():                          http.StatusNotFound,
		signer.Public(gone):                    http.StatusNotFound,
		"0193":                                 http.StatusBadRequest,
		"00000000-0000-4000-8000-000000000000": http.StatusBadRequest, // a UUID that was not made here
		"x'%20OR%201=1":                        http.StatusBadRequest,
	} {
		if status, body := get(t, h.server, "/v1/clicks/"+path); status != want {
			t.Errorf("%s: %d %v, want %d", path, status, body, want)
		}
	}
}

func TestSessionsByCampaignAndHour(t *testing.T) {
	h := newHistory(t)
	for i, campaign := range []string{"a", "a", "b"} { // the second is computed later and replaces the first
		h.insert("sessions", row{
			"hour": at("2026-11-21T23:00:00Z"), "campaign_id": campaign, "ver": uint64(i), "sessions": uint64(10 + i),
			"events": uint64(40), "clicks": uint64(12), "duration_ms": uint64(90_000), "bounced": uint64(3),
		})
	}
	rows := list(h.ask("/v1/sessions?campaign_id=a&time_zone=Europe/Berlin&from=2026-11-22"), "rows")
	want := fmt.Sprint([]map[string]any{{
		"hour": "2026-11-22T00:00:00+01:00", "campaign_id": "a", "sessions": 11., "events": 40.,
		"clicks": 12., "duration_ms": 90_000., "bounced": 3.,
	}})
	if got := fmt.Sprint(rows); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
