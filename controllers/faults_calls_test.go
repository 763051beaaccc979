package controllers_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// errKilled is what a killed operator hears.
var errKilled = errors.New("the operator was killed")

// calls counts what an operator asks of the API server, and kills it at one of these calls, as kill -9 does:
// from then on nothing it asks reaches the server, and no answer reaches it. Counted are writes and looks at
// single objects, which no cache answers; events, which are told and forgotten, are not.
type calls struct {
	strike int  // the call at which it dies, from 1; 0: never
	before bool // the fatal call does not reach the server
	dead   chan struct{}

	mu    sync.Mutex
	armed bool
	n     int
	last  time.Time
}

func newCalls(strike int, before bool) *calls {
	return &calls{strike: strike, before: before, dead: make(chan struct{}), last: time.Now()}
}

// arm begins to count.
func (c *calls) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = true
}

// counted is how many calls there were since it was armed.
func (c *calls) counted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// quiet reports whether there was no call for a while.
func (c *calls) quiet(since time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.last) >= since
}

func (c *calls) struck() bool {
	select {
	case <-c.dead:
		return true
	default:
		return false
	}
}

// next counts one call and reports whether it is the fatal one.
func (c *calls) next() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Now()
	if !c.armed {
		return false
	}
	c.n++
	return c.n == c.strike
}

func (c *calls) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if c.struck() {
			return nil, errKilled
		}
		fatal := counts(request) && c.next()
		if fatal && c.before {
			close(c.dead)
			return nil, errKilled
		}
		response, err := next.RoundTrip(request)
		if fatal {
			close(c.dead)
		}
		if c.struck() {
			if err == nil {
				_ = response.Body.Close()
			}
			return nil, errKilled
		}
		return response, err
	})
}

// counts reports whether a request is a write, or a look at one object.
func counts(request *http.Request) bool {
	_, within, ok := strings.Cut(request.URL.Path, "/namespaces/")
	if !ok || strings.Contains(request.URL.Path, "/events") {
		return false
	}
	return request.Method != http.MethodGet || strings.Count(within, "/") >= 2 // namespace/kind/name
}
