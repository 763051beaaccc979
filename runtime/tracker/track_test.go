package tracker

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
)

const asServer = "Authorization: Bearer " + sourceKey

type tracked struct {
	Events []struct {
		Index   *int
		EventID string `json:"event_id"`
		ClickID string `json:"click_id"`
		Status  string
		Problem *problem.Problem
	}
}

func (w *world) post(path, body string, headers ...string) (answer, string) {
	w.t.Helper()
	return w.send("POST", path, body, append(headers, "Content-Type: application/json")...)
}

func TestProblemsOfASingleEventNameTheParameter(t *testing.T) {
	w := newWorld(t, nil)
	now := time.Now().UnixMilli()
	at := func(d time.Duration) string { return strconv.FormatInt(now+d.Milliseconds(), 10) }
	cases := map[string]struct {
		body, header, parameter string
		status                  int
	}{
		"not JSON":                    {`{`, "", "", 400},
		"unknown field":               {`{"event_type":"click","campaign_id":"spring","colour":"red"}`, "", "colour", 400},
		"unknown type":                {`{"event_type":"tap","campaign_id":"spring"}`, "", "event_type", 400},
		"no campaign":                 {`{"event_type":"click"}`, "", "campaign_id", 400},
		"unknown campaign":            {`{"event_type":"click","campaign_id":"nobody"}`, "", "campaign_id", 400},
		"an id of 65 bytes":           {`{"event_type":"click","campaign_id":"spring","ad_id":"` + strings.Repeat("a", 65) + `"}`, "", "ad_id", 400},
		"an id outside the alphabet":  {`{"event_type":"click","campaign_id":"spring","lp_id":"a b"}`, "", "lp_id", 400},
		"long metadata":               {`{"event_type":"click","campaign_id":"spring","metadata":"` + strings.Repeat("m", 1025) + `"}`, "", "metadata", 400},
		"event_id without time":       {`{"event_type":"click","campaign_id":"spring","event_id":"e1"}`, "", "timestamp", 400},
		"time without event_id":       {`{"event_type":"click","campaign_id":"spring","timestamp":` + at(0) + `}`, "", "timestamp", 400},
		"a visitor two hours late":    {`{"event_type":"click","campaign_id":"spring","event_id":"e1","timestamp":` + at(-2*time.Hour) + `}`, "", "timestamp", 400},
		"ten minutes ahead":           {`{"event_type":"click","campaign_id":"spring","event_id":"e1","timestamp":` + at(10*time.Minute) + `}`, "", "timestamp", 400},
		"a server nine days late":     {`{"event_type":"click","campaign_id":"spring","event_id":"e1","timestamp":` + at(-9*24*time.Hour) + `}`, asServer, "timestamp", 400},
		"conversion without click":    {`{"event_type":"conversion","campaign_id":"spring"}`, "", "click_id", 400},
		"conversion, forged click":    {`{"event_type":"conversion","campaign_id":"spring","click_id":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, "", "click_id", 400},
		"a visitor states revenue":    {`{"event_type":"click","campaign_id":"spring","revenue":{"amount":"1","currency":"USD"}}`, "", "revenue", 403},
		"a visitor states an address": {`{"event_type":"click","campaign_id":"spring","ip_address":"192.0.2.1"}`, "", "ip_address", 403},
		"a wrong key":                 {`{"event_type":"click","campaign_id":"spring"}`, "Authorization: Bearer nonsense-nonsense", "", 401},
		"another source's ts_id":      {`{"event_type":"click","campaign_id":"spring","ts_id":"other"}`, asServer, "ts_id", 403},
		"revenue of a click":          {`{"event_type":"click","campaign_id":"spring","revenue":{"amount":"1","currency":"USD"}}`, asServer, "revenue", 400},
		"a cost beyond reason":        {`{"event_type":"click","campaign_id":"spring","cost":{"amount":"100001","currency":"USD"}}`, asServer, "cost", 400},
		"an amount with seven places": {`{"event_type":"click","campaign_id":"spring","cost":{"amount":"0.1234567","currency":"USD"}}`, asServer, "cost", 400},
		"an empty batch":              {`{"events":[]}`, "", "events", 400},
		"a batch of 501":              {`{"events":[` + strings.Repeat("{},", 500) + `{}]}`, "", "events", 400},
		"a batch with more":           {`{"events":[{}],"x":1}`, "", "", 400},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if tc.header != "" {
				headers = append(headers, tc.header)
			}
			resp, body := w.post("/v1/events", tc.body, headers...)
			var p problem.Problem
			decodeJSON(t, body, &p)
			if resp.StatusCode != tc.status || p.Status != tc.status || p.Parameter != tc.parameter {
				t.Errorf("got %d %+v, want %d for parameter %q", resp.StatusCode, p, tc.status, tc.parameter)
			}
			if !strings.HasPrefix(p.Type, problem.Base) || resp.Header.Get("Content-Type") != problem.ContentType {
				t.Errorf("type %q, content type %q", p.Type, resp.Header.Get("Content-Type"))
			}
		})
	}
	if n := w.count(); n != 0 {
		t.Errorf("%d records, want none: nothing is half-recorded", n)
	}
}

func TestVisitorAndServerConversions(t *testing.T) {
	w := newWorld(t, nil)
	click, _ := w.send("GET", "/v1/click?cid=spring", "")
	id := click.Header.Get("X-Click-Id")
	body := `{"event_type":"conversion","campaign_id":"spring","click_id":"` + id + `","txid":"tx-1","conversion_kind":"purchase"`
	visitor, _ := w.post("/events/track", body+`}`)
	e := w.recorded(visitor)
	if visitor.StatusCode != http.StatusAccepted || e.ConversionStatus != event.ConversionStatus_CONVERSION_STATUS_PENDING || e.RevenueMicros != 0 || e.ClickIDText() != click.Header.Get("X-Event-Id") || e.Caller != "" {
		t.Errorf("visitor: %d %v", visitor.StatusCode, e)
	}
	server, _ := w.post("/events/track", body+`,"conversion_status":"Approved","revenue":{"amount":"12.50","currency":"EUR"},"ip_address":"192.0.2.200","user_agent":"App/1"}`, asServer)
	e = w.recorded(server)
	if e.ConversionStatus != event.ConversionStatus_CONVERSION_STATUS_APPROVED || e.RevenueMicros != 12_500_000 || e.RevenueCurrency != "EUR" || e.Txid != "tx-1" || e.ConversionKind != "purchase" {
		t.Errorf("server: %v", e)
	}
	if string(e.IpAddress) != string([]byte{192, 0, 2, 0}) || e.UserAgent != "App/1" || e.TsId != "propeller" || e.PriceMicros != 0 || e.Caller != "propeller" {
		t.Errorf("server facts: %v", e)
	}
	if clicked := w.log()[click.Header.Get("X-Event-Id")]; clicked.SrcPart != e.SrcPart {
		t.Errorf("conversion in src_part %x, its click in %x", e.SrcPart, clicked.SrcPart)
	}
}

func TestAForeignIDIsKeptAsStated(t *testing.T) {
	w := newWorld(t, nil)
	at := time.Now().Add(-30 * time.Minute).UnixMilli()
	body := fmt.Sprintf(`{"event_type":"page_view","campaign_id":"spring","event_id":"sdk-1","timestamp":%d}`, at)
	w.post("/v1/events", body)
	retry, _ := w.post("/v1/events", body)
	if got := retry.Header.Get("X-Event-Id"); got != "sdk-1" {
		t.Errorf("X-Event-Id %q", got)
	}
	w.post("/v1/events", body, asServer)
	if n := w.count(); n != 3 {
		t.Fatalf("%d records, want 3: the log keeps every copy", n)
	}
	e := w.log()["sdk-1"]
	if e.Origin != event.Origin_ORIGIN_FOREIGN || e.Timestamp != at || e.Accepted < at {
		t.Errorf("recorded %v", e)
	}
}

func TestABatchTellsEachFate(t *testing.T) {
	w := newWorld(t, nil)
	resp, body := w.post("/v1/events", `{"events":[
		{"event_type":"click","campaign_id":"spring"},
		{"event_type":"click","campaign_id":"nobody"},
		{"event_type":"bounce","campaign_id":"spring"}]}`)
	var got tracked
	decodeJSON(t, body, &got)
	if resp.StatusCode != http.StatusAccepted || len(got.Events) != 3 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	first, second, third := got.Events[0], got.Events[1], got.Events[2]
	if first.Status != "accepted" || len(first.ClickID) != 32 || third.Status != "accepted" || third.ClickID != "" {
		t.Errorf("good events: %s", body)
	}
	if second.Status != "rejected" || second.Index == nil || *second.Index != 1 || second.Problem.Parameter != "campaign_id" {
		t.Errorf("the bad event: %s", body)
	}
	log := w.log()
	if len(log) != 2 || log[first.EventID].PriceMicros != 500_000 || log[third.EventID].EventType != event.EventType_EVENT_TYPE_BOUNCE {
		t.Errorf("log: %v", log)
	}
}

func TestGeneratedLinksReadBackAsStated(t *testing.T) {
	w := newWorld(t, nil)
	resp, body := w.post("/clicks/generate", `{"base_url":"https://t.example.com","campaign_id":"spring","click_id":"a b","lp_id":"lp-1","ts_id":"propeller","sub2":"ö","metadata":"{\"k\":1}","publisher_id":"p1"}`)
	var got struct{ URL string }
	decodeJSON(t, body, &got)
	want := "https://t.example.com/c/spring?lp_id=lp-1&ts_id=propeller&pub_id=p1&click_id=a%20b&meta=%7B%22k%22%3A1%7D&sub2=%C3%B6"
	if resp.StatusCode != http.StatusOK || got.URL != want {
		t.Fatalf("%d %q, want %q", resp.StatusCode, got.URL, want)
	}
	click, _ := w.send("GET", strings.TrimPrefix(got.URL, "https://t.example.com"), "")
	e := w.recorded(click)
	if e.ExternalId != "a b" || e.LpId != "lp-1" || strings.Join(e.Subs, ",") != ",ö" || e.PublisherId != "p1" || e.TsId != "propeller" {
		t.Errorf("recorded %v", e)
	}
	for name, tc := range map[string]struct{ body, parameter string }{
		"a foreign base":      {`{"base_url":"https://evil.example","campaign_id":"spring"}`, "base_url"},
		"a base with a path":  {`{"base_url":"https://t.example.com/x","campaign_id":"spring"}`, "base_url"},
		"an unknown campaign": {`{"campaign_id":"nobody"}`, "campaign_id"},
		"an unknown offer":    {`{"campaign_id":"spring","offer_id":"of-9"}`, "offer_id"},
		"a bad id":            {`{"campaign_id":"spring","ad_id":"a/b"}`, "ad_id"},
		"a second object":     {`{"campaign_id":"spring"}{"campaign_id":"paused"}`, ""},
	} {
		resp, body := w.post("/v1/clicks/generate", tc.body)
		var p problem.Problem
		decodeJSON(t, body, &p)
		if resp.StatusCode != http.StatusBadRequest || p.Parameter != tc.parameter {
			t.Errorf("%s: %d %+v", name, resp.StatusCode, p)
		}
	}
}
