package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// browser is a visitor's.
const browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// visitors click, each click by another visitor, and keep their own record of what was answered.
type visitors struct {
	sent, answered atomic.Int64
	refusal        atomic.Value // the last answer that was no redirect, for a failed test
}

// client gives up on a tracker that does not answer, and does not follow redirects.
var visitor = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	// A new connection for each: kube-proxy spreads connections, not requests.
	Transport: &http.Transport{DisableKeepAlives: true},
}

// click sends one and returns where the visitor is sent, empty when nobody answered with a redirect.
func (v *visitors) click(ctx context.Context, address, campaign string) string {
	n := v.sent.Add(1)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v1/click?cid="+campaign, nil)
	if err != nil {
		return ""
	}
	request.Header.Set("User-Agent", browser)
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", n>>8&255, n&255))
	request.Host = "localhost"
	response, err := visitor.Do(request)
	if err != nil {
		v.refusal.Store(err.Error())
		return ""
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body) // the answer is its head
	if response.StatusCode != http.StatusFound {
		v.refusal.Store(fmt.Sprint(response.Status, " ", response.Header, " ", string(text)))
		return ""
	}
	v.answered.Add(1)
	return response.Header.Get("Location")
}

// flow clicks about every pause until the returned function is called, which tells how many were sent and answered in
// that time.
func (v *visitors) flow(address, campaign string, pause time.Duration) func() (sent, answered int64) {
	ctx, stop := context.WithCancel(context.Background())
	sent, answered := v.sent.Load(), v.answered.Load()
	var clicking sync.WaitGroup
	const at = 4 // a time, so that one that waits does not hold up all
	for range at {
		clicking.Go(func() {
			tick := time.NewTicker(at * pause)
			defer tick.Stop()
			for ctx.Err() == nil {
				v.click(context.Background(), address, campaign) // it ends by its own timeout
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	return func() (int64, int64) {
		stop()
		clicking.Wait()
		return v.sent.Load() - sent, v.answered.Load() - answered
	}
}

// readers ask the query service.
func (s *stage) ask(path string, query url.Values, into any) error {
	request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, "http://"+s.clusterIP("main-query")+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s (%w)", path, response.Status, strings.TrimSpace(string(text)), err)
	}
	return json.Unmarshal(text, into)
}

// counted is how many clicks of all campaigns history has, each once, whatever their verdict. Further copies in the log,
// which a tracker leaves that was killed between Kafka's answer and its journal's note, are told apart and not looked at.
func (s *stage) counted() (int64, error) {
	var stats struct {
		Rows []struct {
			Clicks struct{ Gross int64 } `json:"clicks"`
		} `json:"rows"`
	}
	now := time.Now().UTC()
	err := s.ask("/v1/stats", url.Values{
		"open": {"true"}, "granularity": {"total"}, "group_by": {"campaign_id"},
		"from": {now.Add(-2 * time.Hour).Format(time.RFC3339)}, "to": {now.Add(2 * time.Minute).Format(time.RFC3339)},
	}, &stats)
	sum := int64(0)
	for i := range stats.Rows {
		sum += stats.Rows[i].Clicks.Gross
	}
	return sum, err
}

// balanced waits until every click that was answered is counted, and fails when one is counted that was never sent.
func (s *stage) balanced() {
	s.Helper()
	answered, sent := s.visitors.answered.Load(), s.visitors.sent.Load()
	var counted int64
	s.eventually(func() string {
		var err error
		if counted, err = s.counted(); err != nil {
			return err.Error()
		}
		if counted < answered {
			return fmt.Sprintf("%d clicks are counted of %d that were answered", counted, answered)
		}
		return ""
	})
	if counted > sent {
		s.Fatalf("%d clicks are counted, and %d were sent", counted, sent)
	}
	s.Logf("balanced: sent=%d acked=%d counted=%d lost=0 double=0", sent, answered, counted)
}
