package link

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/clicktally/clicktally/runtime/event"
)

// FuzzLink checks that whatever a link states, what is kept can be recorded.
func FuzzLink(f *testing.F) {
	f.Add("cid=a&sub1=x&sub20=y&pos=3&cost=1&uid=u&gclid=1&utm_x=%ff")
	f.Add("cid=%7Bcid%7D&ad=%00&meta=" + strings.Repeat("m", 2000))
	f.Fuzz(func(t *testing.T, raw string) {
		var q Query
		var l Link
		q.Parse(raw)
		l.Read(&q, q.ID("cid"), nil)
		for _, id := range []string{l.CampaignID, l.LpID, l.OfferID, l.TsID, l.AdID, l.PublisherID} {
			if id != "" && !event.ValidID(id) {
				t.Fatalf("kept id %q", id)
			}
		}
		for _, text := range append(l.Subs(), l.ExternalID, l.Source, l.Metadata, l.UserID, l.DeviceID) {
			if !utf8.ValidString(text) || len(text) > event.MaxMetadata {
				t.Fatalf("kept text %q", text)
			}
		}
		base := "https://a.example/p?q=1"
		out := l.appendPass([]byte(base+"#f"), 0)
		if u, err := url.Parse(string(out)); err != nil || u.Host != "a.example" || u.Fragment != "f" || u.Query().Get("q") != "1" {
			t.Fatalf("passed on: %s (%v)", out, err)
		}
	})
}

func TestParsingALinkAllocatesLittle(t *testing.T) {
	raw := "cid=spring-sale&lp_id=lp-1&ts_id=propeller&ad_id=ad-123&pub_id=p&uid=u-1&did=d-1&click_id=abc&sub1=a&sub2=b&gclid=x&pos=2"
	q, l := &Query{}, &Link{}
	if n := testing.AllocsPerRun(1000, func() {
		q.Parse(raw)
		l.Read(q, q.ID("cid"), nil)
	}); n != 0 {
		t.Errorf("%v allocations for a link without escapes, want 0", n)
	}
	escaped := raw + "&sub3=a%20b&source=c+d"
	if n := testing.AllocsPerRun(1000, func() {
		q.Parse(escaped)
		l.Read(q, q.ID("cid"), nil)
	}); n > 4 {
		t.Errorf("%v allocations, want at most 2 for each escaped value", n)
	}
}

func BenchmarkParseLink(b *testing.B) {
	raw := "cid=spring&ts_id=propeller&ad_id=ad-123&uid=u-1&sub1=a&sub2=b&visitor=V9"
	q, l := &Query{}, &Link{}
	b.ReportAllocs()
	for b.Loop() {
		q.Parse(raw)
		l.Read(q, q.ID("cid"), nil)
	}
}
