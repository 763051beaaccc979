package tracker

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
)

func TestOtherAnswers(t *testing.T) {
	w := newWorld(t, nil)
	cases := map[string]struct {
		method, path string
		status       int
		header       string
	}{
		"nothing here":          {"GET", "/v2/click", 404, ""},
		"no id in the path":     {"GET", "/c/", 404, ""},
		"POST to a link":        {"POST", "/v1/click?cid=bare", 405, "GET, HEAD"},
		"GET of events":         {"GET", "/v1/events", 405, "POST"},
		"robots may come":       {"GET", "/robots.txt", 200, ""},
		"a pixel":               {"GET", "/v1/impression?cid=spring&format=gif", 200, ""},
		"an orphan impression":  {"GET", "/v1/impression?cid=nobody", 204, ""},
		"HEAD of an impression": {"HEAD", "/v1/impression?cid=spring", 204, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			resp, body := w.send(tc.method, tc.path, "")
			if resp.StatusCode != tc.status || resp.Header.Get("Allow") != tc.header {
				t.Errorf("%d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
			}
			if tc.status >= 400 {
				var p problem.Problem
				decodeJSON(t, body, &p)
				if p.Status != tc.status || p.Title == "" {
					t.Errorf("problem %+v", p)
				}
			}
		})
	}
	if resp, _ := w.send("GET", "/v1/click?cid=bare&x="+strings.Repeat("x", maxHeaderBytes), ""); resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a long request: %d", resp.StatusCode)
	}
}

// holdProduces keeps event produces unanswered until release.
func (w *world) holdProduces() (release func()) {
	gate := make(chan struct{})
	release = sync.OnceFunc(func() { close(gate) })
	w.t.Cleanup(release)
	w.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		w.cluster.KeepControl()
		w.cluster.SleepControl(func() { <-gate })
		return nil, nil, false
	})
	return release
}

func TestAClickIsAnsweredOnlyWhenTheLogHasIt(t *testing.T) {
	w := newWorld(t, nil)
	release := w.holdProduces()
	answered := make(chan int, 1)
	go func() {
		resp, _ := w.send("GET", "/v1/click?cid=bare", "")
		answered <- resp.StatusCode
	}()
	w.eventually("the click is in flight", func() bool { return w.tracker.journal.Stats().InFlight == 1 })
	select {
	case status := <-answered:
		t.Fatalf("answered %d before the acknowledgement", status)
	case <-time.After(100 * time.Millisecond):
	}
	release()
	if status := <-answered; status != http.StatusFound || w.count() != 1 {
		t.Errorf("status %d, %d records", status, w.count())
	}
}

func TestWithoutKafkaTheAnswerIs503InTime(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.DeliveryTimeout = 2 * time.Second; c.DrainTimeout = time.Second })
	w.cluster.Close()
	start := time.Now()
	resp, body := w.send("GET", "/v1/click?cid=bare", "")
	var p problem.Problem
	decodeJSON(t, body, &p)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || p.Type != problem.Base+"not-durable" || resp.Header.Get("Location") != "" {
		t.Errorf("%d %v %+v", resp.StatusCode, resp.Header, p)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v, the delivery timeout is 2s", took)
	}
	if !w.tracker.Ready() {
		t.Error("an outage of Kafka makes no tracker unready")
	}
}

func TestShutdownLosesNothing(t *testing.T) {
	w := newWorld(t, nil)
	var mu sync.Mutex
	acked := map[string]bool{}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, fmt.Sprintf("%s/v1/click?cid=spring&ad_id=ad-%d", w.url, (worker+i)%5), nil)
				resp, err := w.client.Do(req)
				if err != nil {
					return // the tracker is gone
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode == http.StatusFound {
					mu.Lock()
					acked[resp.Header.Get("X-Event-Id")] = true
					mu.Unlock()
				}
			}
		})
	}
	w.eventually("clicks flow", func() bool { return w.count() > 300 })
	if err := w.stop(); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	wg.Wait()
	log := w.log()
	for id := range acked {
		if log[id] == nil {
			t.Fatalf("click %s was answered and is not in the log", id)
		}
	}
	if len(log) < len(acked) || len(acked) < 300 {
		t.Errorf("%d answered, %d in the log", len(acked), len(log))
	}
	if h := w.lastHeartbeat(); !h.Drained || len(h.Partitions) == 0 {
		t.Errorf("the last heartbeat does not say drained: %v", h)
	}
}

// lastHeartbeat reads the newest one.
func (w *world) lastHeartbeat() *event.Heartbeat {
	w.t.Helper()
	want := w.cluster.PartitionInfo("ct.heartbeats", 0).HighWatermark
	client, err := kgo.NewClient(kgo.SeedBrokers(w.cluster.ListenAddrs()...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"ct.heartbeats": {0: kgo.NewOffset().At(want - 1)}}))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	h := &event.Heartbeat{}
	for _, r := range client.PollFetches(ctx).Records() {
		if err := h.UnmarshalVT(r.Value); err != nil {
			w.t.Fatal(err)
		}
	}
	return h
}

func TestAnEditIsServedWithoutRestart(t *testing.T) {
	w := newWorld(t, nil)
	edit := records()[9]
	edit.GetCampaign().OfferPageUrl = "https://shop.example.org/new"
	edit.GetCampaign().State = catalogpb.CampaignState_CAMPAIGN_STATE_ACTIVE
	publish(t, w.tracker.cfg.Kafka[0], []*catalogpb.Record{edit})
	id := edit.GetCampaign().GetId()
	w.eventually("the edit of "+id+" is served", func() bool {
		resp, _ := w.send("HEAD", "/v1/click?cid="+id, "")
		return resp.Header.Get("Location") == "https://shop.example.org/new"
	})
}

func TestAdminTellsReadinessAndCounts(t *testing.T) {
	w := newWorld(t, nil)
	w.send("GET", "/v1/click?cid=spring&sub1=a&sub1=b&cost=1&click_id=%7Bx%7D", "")
	get := func(path string) (int, string) {
		r := httptest.NewRecorder()
		w.tracker.Admin().ServeHTTP(r, httptest.NewRequest(http.MethodGet, path, nil))
		return r.Code, r.Body.String()
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, _ := get(path); code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
	}
	_, text := get("/metrics")
	for _, line := range []string{
		`clicktally_tracker_requests_total{class="3xx",route="click"} 1`, `clicktally_tracker_accepted_total 1`, `clicktally_tracker_evictions_total{memory="addresses"} 0`,
		`clicktally_tracker_input_problems_total{kind="Repeated"} 1`, `clicktally_tracker_input_problems_total{kind="CostUnmapped"} 1`,
		`clicktally_tracker_input_problems_total{kind="Macro"} 1`, `clicktally_tracker_redirect_duration_seconds_count 1`, `clicktally_tracker_catalog_offset 10`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("metrics lack %s", line)
		}
	}
	w.tracker.stopping.Store(true)
	if code, _ := get("/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("stopping: /readyz %d", code)
	}
}
