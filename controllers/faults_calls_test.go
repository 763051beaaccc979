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
	last  time.Time // of any
	wrote time.Time // of a write
	lines []string  // the latest calls, for who looks into a failure
}

// remembered bounds the calls that a failure tells of.
const remembered = 40

func newCalls(strike int, before bool) *calls {
	return &calls{strike: strike, before: before, dead: make(chan struct{}), last: time.Now(), wrote: time.Now()}
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

// settled reports whether there was no write for a while. An operator at rest looks now and then.
func (c *calls) settled(since time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.wrote) >= since
}

// latest are the latest calls, one a line.
func (c *calls) latest() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.lines, "\n")
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
func (c *calls) next(request *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Now()
	if request.Method != http.MethodGet {
		c.wrote = c.last
	}
	line := c.last.Format("05.000 ") + request.Method + " " + request.URL.Path
	c.lines = append(c.lines[max(0, len(c.lines)-remembered):], line)
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
		fatal := counts(request) && c.next(request)
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
