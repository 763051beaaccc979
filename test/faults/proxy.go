package main

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// wire is a TCP proxy in front of a store, which can be slow or cut.
type wire struct {
	listener net.Listener
	target   string
	delay    atomic.Int64 // of each chunk, in ns
	cut      atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func newWire(target string) (*wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listener: listener, target: target, conns: map[net.Conn]struct{}{}}
	go w.serve()
	return w, nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

func (w *wire) serve() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		if w.cut.Load() {
			_ = client.Close() // that is the fault
			continue
		}
		go w.join(client)
	}
}

func (w *wire) join(client net.Conn) {
	server, err := net.DialTimeout("tcp", w.target, 2*time.Second)
	if err != nil {
		_ = client.Close() // the store is down, and so is the wire
		return
	}
	w.mu.Lock()
	w.conns[client], w.conns[server] = struct{}{}, struct{}{}
	w.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { w.copy(server, client) })
	both.Go(func() { w.copy(client, server) })
	both.Wait()
	w.mu.Lock()
	delete(w.conns, client)
	delete(w.conns, server)
	w.mu.Unlock()
}

func (w *wire) copy(to, from net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if d := time.Duration(w.delay.Load()); d > 0 {
			<-time.After(d)
		}
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}

// sever cuts what is connected and, while on, what comes.
func (w *wire) sever(on bool) {
	w.cut.Store(on)
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.conns {
		_ = conn.Close()
	}
}

func (w *wire) close() {
	_ = w.listener.Close()
	w.sever(true)
}

// liar is an HTTP proxy in front of ClickHouse. While it lies, a share of the statements is carried
// out by the server and answered with an error, or not at all.
type liar struct {
	server   *http.Server
	listener net.Listener
	share    atomic.Int64 // of statements answered wrongly, in percent
	swallows atomic.Int64
}

func newLiar(target string) (*liar, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &liar{listener: listener}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: target})
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	l.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if int64(rand.IntN(100)) < l.share.Load() {
			l.lie(proxy, w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = l.server.Serve(listener) }() // ends with close
	return l, nil
}

// lie lets the server do it, and tells the client that it was not done, or nothing.
func (l *liar) lie(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	l.swallows.Add(1)
	heard := &deaf{header: http.Header{}}
	proxy.ServeHTTP(heard, r)
	hijacker, ok := w.(http.Hijacker)
	if ok && rand.IntN(2) == 0 {
		if conn, _, err := hijacker.Hijack(); err == nil {
			_ = conn.Close() // that is the fault
			return
		}
	}
	text := "Code: 159. DB::Exception: the harness swallowed the answer. (TIMEOUT_EXCEEDED)"
	w.Header().Set("X-ClickHouse-Exception-Code", "159")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, text) // nobody follows from a client that left
}

// deaf takes an answer and forgets it.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(b []byte) (int, error) { return len(b), nil }
func (d *deaf) WriteHeader(int)             {}

func (l *liar) address() string { return l.listener.Addr().String() }

func (l *liar) close() { _ = l.server.Close() }
