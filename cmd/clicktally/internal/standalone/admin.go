package standalone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// startAdmin serves health for the whole, and each part's own admin pages below its name.
func (s *Standalone) startAdmin(context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /tracker/", http.StripPrefix("/tracker", s.tracker.Admin()))
	mux.Handle("GET /query/", http.StripPrefix("/query", s.query.Admin()))
	mux.Handle("GET /aggregator/metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	if s.ledger != nil {
		mux.Handle("GET /ledger", s.ledger.Handler())
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	s.units.start("admin", func(ctx context.Context) error {
		context.AfterFunc(ctx, func() { server.Close() })
		if err := server.Serve(s.admin); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

// readyz says whether visitors are served and the log is counted, and what stands in the way.
func (s *Standalone) readyz(w http.ResponseWriter, _ *http.Request) {
	status := s.aggregator.Status()
	if !s.tracker.Ready() || !status.Ready() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(w, "tracker %s: serving=%t\n", s.trackID, s.tracker.Ready())
	fmt.Fprintln(w, strings.Join(status.Lines(), "\n"))
	if s.ledger != nil {
		fmt.Fprintln(w, s.ledger.Verdict())
	}
}
