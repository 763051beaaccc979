package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// Bounds of the two HTTP servers.
const (
	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 60 * time.Second
	writeTimeout      = HistoryTimeout + 10*time.Second
	maxHeaderBytes    = 32 << 10
	// shutdownGrace is how long answers under way may still take after the stop.
	shutdownGrace = 15 * time.Second
)

// Run serves readers on api and the admin port on admin (nil: none) until the context ends, then lets
// answers under way finish, at most 15 s. It closes both listeners. A clean stop returns nil.
func (s *Server) Run(ctx context.Context, api, admin net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	serve(ctx, group, api, s)
	if admin != nil {
		serve(ctx, group, admin, s.Admin())
	}
	return group.Wait()
}

func serve(ctx context.Context, group *errgroup.Group, l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler: withoutBody(h), ReadHeaderTimeout: readHeaderTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
	group.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			return errors.Join(fmt.Errorf("stop %s: %w", l.Addr(), err), server.Close())
		}
		return nil
	})
}

// withoutBody leaves a request's body unread and ends its connection with the answer: readers send
// none, and the server would wait for one that was announced and never comes.
func withoutBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			// It fails where there is no connection, and then there is nothing to wait for.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now())
		}
		next.ServeHTTP(w, r)
	})
}

// Admin returns the admin port's handler: /healthz, /readyz and /metrics.
// Ready is: has a catalog. A store that is away is a metric and a 503 to the reader, never unready.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.config.Catalog() == nil {
			http.Error(w, "no catalog yet", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.Handle("GET /metrics", s.metrics.handler())
	return mux
}
