package main

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/ledger"
)

// pages are those of the admin port: the process is alive from its start, and ready once there is a catalog
// and work to say so.
type pages struct{ now atomic.Pointer[http.Handler] }

func (p *pages) show(h http.Handler) { p.now.Store(&h) }

// ServeHTTP answers with the present pages.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*p.now.Load()).ServeHTTP(w, r) }

// starting are the pages of a process that waits for the catalog.
func starting(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "waiting for the catalog", http.StatusServiceUnavailable)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// working are the aggregator's pages, and the last judgement of the ledger at /ledger.
func working(aggregator *aggregate.Aggregator, judge *ledger.Ledger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", aggregator.Admin())
	mux.Handle("GET /ledger", judge.Handler())
	return mux
}
