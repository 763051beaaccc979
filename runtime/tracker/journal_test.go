package tracker

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/journal"
	"github.com/clicktally/clicktally/runtime/journal/wal"
)

func TestWhileKafkaIsAwayTheJournalAnswersVisitors(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, func(c *Config) { c.JournalDir = dir })
	release := w.holdProduces()
	ids := map[string]bool{}
	for range 30 {
		resp, _ := w.send("GET", "/v1/click?cid=bare", "")
		if resp.StatusCode != http.StatusFound || resp.Header.Get(headerEventID) == "" {
			t.Fatalf("status %d, headers %v", resp.StatusCode, resp.Header)
		}
		ids[resp.Header.Get(headerEventID)] = true
	}
	if s := w.tracker.journal.Stats(); s.Waiting != 30 {
		t.Errorf("stats %+v, want 30 in the journal", s)
	}
	release()
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	for id := range w.log() {
		delete(ids, id)
	}
	if h := w.lastHeartbeat(); len(ids) > 0 || !h.Drained {
		t.Errorf("%d of 30 are not in the log after a shutdown; last heartbeat %v", len(ids), h)
	}
}

func TestAVisitorIsNotLostWhenNothingTakesTheClick(t *testing.T) {
	for name, tc := range map[string]struct {
		whenFull                   journal.WhenFull
		click, out, pixel, posting int
	}{
		"redirected, not billed": {journal.RedirectUnbilled, 302, 302, 204, 503},
		"rejected":               {journal.Reject, 503, 503, 503, 503},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *Config) {
				c.JournalDir, c.JournalBytes, c.Ack.WhenFull = t.TempDir(), 4*wal.MinSegmentBytes, &tc.whenFull
				c.DeliveryTimeout, c.DrainTimeout = 2*time.Second, 100*time.Millisecond
			})
			good, _ := w.send("GET", "/v1/click?cid=spring", "")
			clickID := good.Header.Get(headerClickID)
			release := w.holdProduces()
			defer release()
			turnedAway := func(path string) answer { // the journal has room for ever smaller ones
				for range 3000 {
					if resp, _ := w.send("GET", path, ""); resp.Header.Get(headerEventID) == "" {
						return resp
					}
				}
				t.Fatalf("%s: the journal never filled", path)
				return answer{}
			}
			turnedAway("/v1/click?cid=spring&meta=" + strings.Repeat("m", 900))
			resp := turnedAway("/v1/click?cid=spring")
			if resp.StatusCode != tc.click || resp.Header.Get(headerClickID) != "" {
				t.Errorf("click: %d %v", resp.StatusCode, resp.Header)
			}
			if location := resp.Header.Get("Location"); tc.click == 302 && !strings.HasPrefix(location, "https://shop.example.org/spring?ct=") {
				t.Errorf("redirected to %q", location)
			}
			if resp := turnedAway("/v1/out?offer_id=of-1&cid=spring&clickid=" + clickID); resp.StatusCode != tc.out {
				t.Errorf("out: %d", resp.StatusCode)
			}
			if resp := turnedAway("/v1/impression?cid=spring"); resp.StatusCode != tc.pixel {
				t.Errorf("impression: %d", resp.StatusCode)
			}
			if resp, body := w.send("POST", "/v1/events", `{"event_type":"click","campaign_id":"spring"}`); resp.StatusCode != tc.posting {
				t.Errorf("a program: %d %s", resp.StatusCode, body)
			}
			if s := w.tracker.journal.Stats(); (s.Unbilled >= 4) != (tc.click == 302) {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestTheTrackerSaysWhatMakesAClickDurableUnlessAFlagDoes(t *testing.T) {
	policy, budget := journal.Journal, 5*time.Millisecond
	says := &catalogpb.Tracker{
		AckPolicy: catalogpb.AckPolicy_ACK_POLICY_KAFKA, AckBudgetMs: 40, JournalWhenFull: catalogpb.WhenFull_WHEN_FULL_REJECT,
	}
	for name, tc := range map[string]struct {
		flags AckOverride
		of    *catalogpb.Tracker
		want  journal.Ack
	}{
		"no tracker yet":         {AckOverride{}, nil, journal.Ack{Policy: journal.Race}},
		"an older record":        {AckOverride{}, &catalogpb.Tracker{}, journal.Ack{Policy: journal.Race}},
		"as the tracker says":    {AckOverride{}, says, journal.Ack{Policy: journal.Kafka, Budget: 40 * time.Millisecond, WhenFull: journal.Reject}},
		"a flag stands above it": {AckOverride{Policy: &policy, Budget: &budget}, says, journal.Ack{Policy: journal.Journal, Budget: budget, WhenFull: journal.Reject}},
	} {
		if got := tc.flags.over(tc.of); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}
