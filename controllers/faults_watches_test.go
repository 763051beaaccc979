package controllers_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

const (
	// lag is how late an operator with a stale cache hears of everything.
	lag = 2 * time.Second
	// ahead bounds what was read of a watch and is not told yet, in pieces.
	ahead = 4096
	// every is how many events come for one that is swallowed.
	every = 3
	// cutAfter is how long a watch lasts in bad weather.
	cutAfter = 3 * time.Second
)

// expired is what a server says before it ends a watch whose past it has forgotten: the client lists again.
const expired = `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}` + "\n"

func isWatch(request *http.Request) bool { return request.URL.Query().Get("watch") == "true" }

// delayed lets watches tell everything late.
func delayed(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err == nil && isWatch(request) && response.StatusCode == http.StatusOK {
			response.Body = late(response.Body)
		}
		return response, err
	})
}

// piece is something that was read, and when it may be told.
type piece struct {
	text []byte
	err  error
	due  time.Time
}

// lateBody tells what its inner body said a while ago.
type lateBody struct {
	inner  io.ReadCloser
	pieces chan piece
	closed chan struct{}
	once   sync.Once
	rest   []byte
}

func late(inner io.ReadCloser) io.ReadCloser {
	b := &lateBody{inner: inner, pieces: make(chan piece, ahead), closed: make(chan struct{})}
	go b.pump()
	return b
}

// pump ends with the inner body, which ends when this one is closed.
func (b *lateBody) pump() {
	defer close(b.pieces)
	for {
		text := make([]byte, 32<<10)
		n, err := b.inner.Read(text)
		select {
		case b.pieces <- piece{text[:n], err, time.Now().Add(lag)}:
		case <-b.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

func (b *lateBody) Read(into []byte) (int, error) {
	if len(b.rest) == 0 {
		select {
		case p, ok := <-b.pieces:
			if !ok {
				return 0, io.EOF
			}
			timer := time.NewTimer(time.Until(p.due))
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-b.closed:
				return 0, http.ErrBodyReadAfterClose
			}
			if p.err != nil && len(p.text) == 0 {
				return 0, p.err
			}
			b.rest = p.text
		case <-b.closed:
			return 0, http.ErrBodyReadAfterClose
		}
	}
	n := copy(into, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *lateBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.inner.Close()
}

// weather swallows events of watches while it is bad, and breaks watches off: the last time when it turns good.
// It leaves alone what does not speak JSON, where a line is an event: the metadata of Secrets.
type weather struct {
	bad            atomic.Bool
	swallowed, cut atomic.Int64
}

func (w *weather) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err == nil && isWatch(request) && response.StatusCode == http.StatusOK && response.Header.Get("Content-Type") == runtime.ContentTypeJSON {
			response.Body = w.holed(response.Body)
		}
		return response, err
	})
}

// holed is the body of a watch of which the weather takes its share.
func (w *weather) holed(inner io.ReadCloser) io.ReadCloser {
	from, to := io.Pipe()
	lines := make(chan []byte, ahead)
	go func() { // ends with the inner body, which the other one closes
		defer close(lines)
		reader := bufio.NewReader(inner)
		for {
			line, err := reader.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		defer inner.Close()
		to.CloseWithError(w.pass(lines, to))
		for range lines { // so that the reader ends, too
			_ = inner.Close()
		}
	}()
	return holedBody{from, inner}
}

// holedBody ends its inner body when it is closed, also while nothing comes.
type holedBody struct {
	*io.PipeReader

	inner io.Closer
}

func (b holedBody) Close() error {
	_ = b.PipeReader.Close()
	return b.inner.Close()
}

// pass hands lines on until there are no more, or the weather ends the watch.
func (w *weather) pass(lines <-chan []byte, to io.Writer) error {
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	holes, n := false, 0
	for begun := time.Now(); ; {
		select {
		case line, ok := <-lines:
			if !ok {
				return io.EOF
			}
			// A bookmark tells how far a watch has come: with it a hole is never found again.
			if n++; w.bad.Load() && n%every == 0 && !bytes.HasPrefix(line, []byte(`{"type":"BOOKMARK"`)) {
				w.swallowed.Add(1)
				holes = true
				continue
			}
			if _, err := to.Write(line); err != nil {
				return err
			}
		case <-tick.C:
			bad := w.bad.Load()
			if holes && (!bad || time.Since(begun) > cutAfter) {
				w.cut.Add(1)
				_, err := io.WriteString(to, expired)
				return err
			}
		}
	}
}
