package tracker

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin serves /healthz, /readyz and /metrics; it belongs on a port of its own. Ready means that
// there is a catalog, however old, and that no shutdown has begun.
func (t *Tracker) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !t.Ready() {
			http.Error(w, "no catalog, or shutting down", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(t.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

// Ready says whether visitors may be sent here.
func (t *Tracker) Ready() bool { return t.view.Load() != nil && !t.stopping.Load() }
