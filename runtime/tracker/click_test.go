package tracker

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clicktally/clicktally/runtime/event"
)

// The order of design 8, over real HTTP; CLICKID stands for the public click id of the answer.
func TestClicksFollowTheDecisionOrder(t *testing.T) {
	w := newWorld(t, nil)
	const (
		routed = event.Disposition_DISPOSITION_ROUTED
		orphan = event.Disposition_DISPOSITION_ORPHAN
		closed = event.Disposition_DISPOSITION_CLOSED
		test   = event.Disposition_DISPOSITION_TEST
		denied = "X-Forwarded-For: 198.51.100.7"
	)
	cases := map[string]struct {
		path        string
		header      string
		location    string
		disposition event.Disposition
		status      event.Status
		price       int64
	}{
		"1 unknown campaign: fallback":                     {"/v1/click?cid=nobody", "", "https://www.example.com/", orphan, event.Status_STATUS_VALID, 0},
		"1 no campaign: fallback":                          {"/v1/click", "", "https://www.example.com/", orphan, event.Status_STATUS_VALID, 0},
		"1 unusable campaign id: fallback":                 {"/v1/click?cid=a%20b", "", "https://www.example.com/", orphan, event.Status_STATUS_VALID, 0},
		"2 paused: overflow":                               {"/v1/click?cid=paused", "", "https://shop.example.org/over", closed, event.Status_STATUS_VALID, 0},
		"2 ended, without overflow: safe page":             {"/v1/click?cid=ended", "", "https://shop.example.org/e-safe", closed, event.Status_STATUS_VALID, 0},
		"2 closed holds for lp_id too":                     {"/v1/click?cid=paused&lp_id=lp-1", "", "https://shop.example.org/over", closed, event.Status_STATUS_VALID, 0},
		"3 active landing page":                            {"/v1/click?cid=spring&lp_id=lp-1&offer_id=of-1", "", "", routed, event.Status_STATUS_VALID, 500_000},
		"3 inactive landing page: on to the offer page":    {"/v1/click?cid=spring&lp_id=lp-2", "", "https://shop.example.org/spring?ct=CLICKID&x=&s=", routed, event.Status_STATUS_VALID, 500_000},
		"4 active offer, even for a denied address":        {"/v1/click?cid=spring&offer_id=of-1", denied, "https://shop.example.org/x?ct=CLICKID#top", routed, event.Status_STATUS_FRAUDULENT, 500_000},
		"5 valid: offer page with its macros":              {"/v1/click?cid=spring&click_id=a%2Fb&sub1=x+y", "", "https://shop.example.org/spring?ct=CLICKID&x=a%2Fb&s=x%20y", routed, event.Status_STATUS_VALID, 500_000},
		"5 valid, without offer page: safe page":           {"/v1/click?cid=safe-only", "", "https://shop.example.org/only-safe", routed, event.Status_STATUS_VALID, 0},
		"5 the short form":                                 {"/c/bare", "", "https://shop.example.org/bare", routed, event.Status_STATUS_VALID, 0},
		"6 fraudulent: safe page":                          {"/v1/click?cid=spring", denied, "https://shop.example.org/safe", routed, event.Status_STATUS_FRAUDULENT, 500_000},
		"6 fraudulent, without safe page: fallback":        {"/v1/click?cid=bare", denied, "https://www.example.com/", routed, event.Status_STATUS_FRAUDULENT, 0},
		"test mode adds our click id and charges nothing":  {"/v1/click?cid=testing", "", "https://shop.example.org/t?click_id=CLICKID", test, event.Status_STATUS_VALID, 0},
		"an ad's price and publisher win":                  {"/v1/click?cid=spring&ad=ad-123&pub=other", "", "https://shop.example.org/spring?ct=CLICKID&x=&s=", routed, event.Status_STATUS_VALID, 400_000},
		"network click ids and utm pass through":           {"/v1/click?cid=spring&offer_id=of-1&gclid=G1&utm_source=n&other=x", "", "https://shop.example.org/x?ct=CLICKID&gclid=G1&utm_source=n#top", routed, event.Status_STATUS_VALID, 500_000},
		"a macro of a network counts as missing":           {"/v1/click?cid=spring&click_id=%7Bclick_id%7D&sub1=%24%7BSUB%7D", "", "https://shop.example.org/spring?ct=CLICKID&x=&s=", routed, event.Status_STATUS_VALID, 500_000},
		"the first of a repeated parameter wins":           {"/v1/click?cid=spring&sub1=one&sub1=two", "", "https://shop.example.org/spring?ct=CLICKID&x=&s=one", routed, event.Status_STATUS_VALID, 500_000},
		"unusable optional parameters are dropped":         {"/v1/click?cid=spring&ad_id=%22%3E&offer_id=" + strings.Repeat("o", 65), "", "https://shop.example.org/spring?ct=CLICKID&x=&s=", routed, event.Status_STATUS_VALID, 500_000},
		"a source's own names are mapped, cost in its own": {"/v1/click?cid=spring&ts_id=propeller&visitor=V9&zoneid=z1&price=0.25", "", "https://shop.example.org/spring?ct=CLICKID&x=V9&s=", routed, event.Status_STATUS_VALID, 500_000},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if tc.header != "" {
				headers = append(headers, tc.header)
			}
			resp, _ := w.send("GET", tc.path, "", headers...)
			clickID := resp.Header.Get("X-Click-Id")
			if resp.StatusCode != http.StatusFound || len(clickID) != 32 {
				t.Fatalf("status %d, click id %q", resp.StatusCode, clickID)
			}
			want := strings.ReplaceAll(tc.location, "CLICKID", clickID)
			if got := resp.Header.Get("Location"); want != "" && got != want {
				t.Errorf("Location %q, want %q", got, want)
			}
			for header, want := range map[string]string{"Cache-Control": "no-store, no-cache, must-revalidate", "Pragma": "no-cache", "Expires": "0", "X-Robots-Tag": "noindex"} {
				if got := resp.Header.Get(header); got != want {
					t.Errorf("%s %q, want %q", header, got, want)
				}
			}
			e := w.recorded(resp)
			if e.Disposition != tc.disposition || e.Verdict.GetStatus() != tc.status || e.PriceMicros != tc.price {
				t.Errorf("recorded %v %v price %d, want %v %v %d", e.Disposition, e.Verdict.GetStatus(), e.PriceMicros, tc.disposition, tc.status, tc.price)
			}
			if e.Destination != resp.Header.Get("Location") || e.EventType != event.EventType_EVENT_TYPE_CLICK || e.Tracker != "ct/eu" {
				t.Errorf("recorded %v", e)
			}
			id, err := w.tracker.signer.Parse(clickID)
			if err != nil || id.String() != resp.Header.Get("X-Event-Id") {
				t.Errorf("click id %q is of %v (%v), the event is %s", clickID, id, err, resp.Header.Get("X-Event-Id"))
			}
		})
	}
}

func TestWhatAClickRecords(t *testing.T) {
	w := newWorld(t, nil)
	resp, _ := w.send("GET", "/v1/click?cid=spring&ts_id=propeller&visitor=V9&zoneid=z1&price=0.25&ad_id=ad-123&uid=u1&did=d1&pos=3&source=mail&meta=m&sub3=three&cost=9",
		"", "Referer: https://news.example/", "Accept-Language: de")
	e := w.recorded(resp)
	user, _ := w.tracker.hasher.sum(hashUser, "u1")
	device, _ := w.tracker.hasher.sum(hashDevice, "d1")
	for _, c := range []struct {
		field     string
		got, want any
	}{
		{"campaign", e.CampaignId, "spring"},
		{"advertiser", e.AdvertiserId, "adv-1"},
		{"ad", e.AdId, "ad-123"},
		{"publisher", e.PublisherId, "pub-001"},
		{"ts_id", e.TsId, "propeller"},
		{"named", e.Named, uint32(7)},
		{"external", e.ExternalId, "V9"},
		{"cost", e.CostMicros, int64(250_000)},
		{"cost currency", e.CostCurrency, "USD"},
		{"price", e.PriceMicros, int64(400_000)},
		{"user", string(e.UserId), string(user[:])},
		{"device", string(e.DeviceId), string(device[:])},
		{"position", e.ClickPosition, uint32(3)},
		{"source", e.Source, "mail"},
		{"metadata", e.Metadata, "m"},
		{"subs", strings.Join(e.Subs, ","), ",,three"},
		{"referer", e.Referer, "https://news.example/"},
		{"language", e.Language, "de"},
		{"address", string(e.IpAddress), string([]byte{203, 0, 113, 0})},
		{"user agent", e.UserAgent, browser},
		{"generation", e.Verdict.CampaignGeneration, int64(7)},
		{"partition", event.SrcPart(e.SrcPart).Partition(), event.PartitionOf("ad-123", nil, nil, 4)},
		{"strong device", e.Signals.DeviceStrong, true},
		{"ip clicks", e.Signals.IpClicks[0].Count, uint32(1)},
		{"degraded", e.Signals.Degraded, uint32(0)},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.field, c.got, c.want)
		}
	}
}

func TestHeadAndPrefetchAreNoClicks(t *testing.T) {
	w := newWorld(t, nil)
	resp, body := w.send("HEAD", "/v1/click?cid=bare", "")
	if resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != "https://shop.example.org/bare" || body != "" || resp.Header.Get("X-Event-Id") != "" {
		t.Errorf("HEAD: %d %v", resp.StatusCode, resp.Header)
	}
	for _, header := range []string{"Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "X-Moz: prefetch"} {
		resp, _ := w.send("GET", "/v1/click?cid=bare", "", header)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", header, resp.StatusCode, resp.Header)
		}
	}
	if n := w.count(); n != 0 {
		t.Errorf("%d records, want none", n)
	}
}

func TestVelocityAndImpressionsReachTheScore(t *testing.T) {
	w := newWorld(t, nil)
	seen, _ := w.send("GET", "/v1/impression?cid=spring&ad_id=ad-123&uid=u7", "")
	if seen.StatusCode != http.StatusNoContent || w.recorded(seen).EventType != event.EventType_EVENT_TYPE_IMPRESSION {
		t.Fatalf("impression: %d", seen.StatusCode)
	}
	resp, _ := w.send("GET", "/v1/click?cid=spring&ad_id=ad-123&uid=u7", "")
	e := w.recorded(resp)
	if e.Signals.ImpressionToClickMs == nil || !hasReason(e, event.Reason_REASON_CLICK_TOO_FAST) {
		t.Errorf("a click right behind its impression: %v %v", e.Signals, e.Verdict)
	}
	for range 10 {
		resp, _ = w.send("GET", "/v1/click?cid=spring", "", "X-Forwarded-For: 203.0.113.77")
	}
	if e := w.recorded(resp); hasReason(e, event.Reason_REASON_IP_VELOCITY) {
		t.Errorf("10 clicks an hour are allowed: %v", e.Verdict)
	}
	resp, _ = w.send("GET", "/v1/click?cid=spring", "", "X-Forwarded-For: 203.0.113.77")
	if e := w.recorded(resp); !hasReason(e, event.Reason_REASON_IP_VELOCITY) {
		t.Errorf("the 11th click of an hour: %v %v", e.Signals, e.Verdict)
	}
	resp, _ = w.send("GET", "/v1/click?cid=spring", "", "X-Forwarded-For: unknown")
	if e := w.recorded(resp); e.Signals.Degraded&1 == 0 || len(e.IpAddress) != 0 {
		t.Errorf("an unknown address is not degraded: %v", e.Signals)
	}
}

func hasReason(e *event.Event, reason event.Reason) bool {
	for _, r := range e.Verdict.GetReasons() {
		if r.Reason == reason {
			return true
		}
	}
	return false
}

func TestTheNextStepFromALandingPage(t *testing.T) {
	w := newWorld(t, nil)
	resp, _ := w.send("GET", "/v1/click?cid=spring&lp_id=lp-1&ad_id=ad-123", "")
	clickID := resp.Header.Get("X-Click-Id")
	_, out, ok := strings.Cut(resp.Header.Get("Location"), "https://lp.example.org/a?next=")
	decoded, err := url.QueryUnescape(out)
	path, own := strings.CutPrefix(decoded, w.url)
	if !ok || err != nil || !own {
		t.Fatalf("Location %q", resp.Header.Get("Location"))
	}
	next, _ := w.send("GET", path+"&offer_id=of-1", "")
	if got, want := next.Header.Get("Location"), "https://shop.example.org/x?ct="+clickID+"#top"; got != want {
		t.Errorf("Location %q, want %q", got, want)
	}
	e := w.recorded(next)
	if e.EventType != event.EventType_EVENT_TYPE_CLICK_THROUGH || e.ClickIDText() != resp.Header.Get("X-Event-Id") || e.PriceMicros != 0 || e.AdId != "ad-123" {
		t.Errorf("recorded %v", e)
	}
	before := w.count()
	forged, _ := w.send("GET", strings.Replace(path, clickID[28:], "AAAA", 1)+"&offer_id=of-1", "")
	if forged.StatusCode != http.StatusFound || w.count() != before {
		t.Errorf("a forged click id: status %d, %d new records", forged.StatusCode, w.count()-before)
	}
}
