package control

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

const (
	// lookEvery is the time between two visits that look for an edit.
	lookEvery = 2 * time.Millisecond
	// pauseUpTo is the longest time between an edit that is served and the next, so that edits do not march in step
	// with the publisher's batches.
	pauseUpTo = 200 * time.Millisecond
	// browser is a visitor's.
	browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)

// times are milliseconds, sorted.
type times []float64

// at is a percentile; 100 is the longest.
func (t times) at(percent int) float64 {
	return t[min(len(t)-1, len(t)*percent/100)]
}

// edits changes one random campaign after the other and times each from before the request to the API server until
// every tracker redirects a visitor to the new page.
func (s *stage) edits(what string, count, campaigns int) times {
	s.t.Helper()
	all := make(times, 0, count)
	for n := range count {
		took := s.edit(1+rand.IntN(campaigns-1), fmt.Sprintf("%s-%d", what, n))
		all = append(all, float64(took.Microseconds())/1000)
		if n%50 == 49 {
			s.say("  %s: %d of %d edits", what, n+1, count)
		}
		<-time.After(rand.N(pauseUpTo))
	}
	slices.Sort(all)
	return all
}

func (s *stage) edit(n int, revision string) time.Duration {
	s.t.Helper()
	began := time.Now()
	s.patch(s.t.Context(), n, revision)
	s.awaitServed(n, revision)
	return time.Since(began)
}

// patch changes the pages of a campaign, as `kubectl patch` does.
func (s *stage) patch(ctx context.Context, n int, revision string) {
	body := fmt.Sprintf(`{"spec":{"offerPageURL":"https://shop.example.org/%s?ct={clickid}","safePageURL":"https://shop.example.org/%s"}}`, revision, revision)
	object := &v1alpha1.Campaign{}
	object.Name, object.Namespace = name(n), s.namespace
	if err := s.client.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(body))); err != nil && ctx.Err() == nil {
		s.t.Errorf("edit %s: %v", object.Name, err)
	}
}

// awaitServed visits all trackers until each sends the visitor to the page of this revision.
func (s *stage) awaitServed(n int, revision string) {
	s.t.Helper()
	var visiting sync.WaitGroup
	deadline := time.Now().Add(patience)
	for tracker := range s.visitors {
		visiting.Go(func() {
			for !strings.HasPrefix(s.visit(tracker, n), "https://shop.example.org/"+revision) {
				if time.Now().After(deadline) {
					s.t.Errorf("tracker eu-%d does not serve %s of %s within %v", tracker, revision, name(n), patience)
					return
				}
				<-time.After(lookEvery)
			}
		})
	}
	visiting.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// visitors keep their connections.
var visitors = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// visit returns where a visitor is sent, empty when nobody answers.
func (s *stage) visit(tracker, n int) string {
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.visitors[tracker]+"/v1/click?cid="+name(n), nil)
	if err != nil {
		return ""
	}
	request.Host = "t.example.com"
	request.Header.Set("User-Agent", browser)
	response, err := visitors.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.Header.Get("Location")
}

// churn edits others all the time, rate a second, until the returned function is called, which tells how many a second
// it were in truth.
func (s *stage) churn(rate, campaigns int) func() float64 {
	ctx, cancel := context.WithCancel(s.t.Context())
	began, done := time.Now(), atomic.Int64{}
	var editing sync.WaitGroup
	const editors = 4
	for editor := range editors {
		editing.Go(func() {
			tick := time.NewTicker(editors * time.Second / time.Duration(rate))
			defer tick.Stop()
			for n := 0; ctx.Err() == nil; n++ {
				s.patch(ctx, 1+rand.IntN(campaigns-1), fmt.Sprintf("other-%d-%d", editor, n))
				done.Add(1)
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	return func() float64 {
		cancel()
		editing.Wait()
		return float64(done.Load()) / time.Since(began).Seconds()
	}
}
