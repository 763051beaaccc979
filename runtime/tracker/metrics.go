package tracker

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// route names an endpoint in metrics.
type route uint8

const (
	routeClick route = iota
	routeImpression
	routeTrack
	routeGenerate
	routeOut
	routeRobots
	routeOther
	routes
)

var routeNames = [routes]string{"click", "impression", "track", "generate", "out", "robots", "other"}

var classNames = [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}

// metrics are the tracker's own counts. No label holds an id, a URL, an address or a user agent.
type metrics struct {
	registry    *prometheus.Registry
	requests    [routes][len(classNames)]prometheus.Counter
	duration    prometheus.Observer
	problems    [link.Kinds]prometheus.Counter
	notAccepted prometheus.Counter
	ahead       prometheus.Counter
}

const prefix = "clicktally_tracker_"

func newMetrics(t *Tracker) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + "requests_total", Help: "Requests answered, by route and class of status."}, []string{"route", "class"})
	problems := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + "input_problems_total", Help: "Parameters of links that could not be taken; the visitor was redirected all the same."}, []string{"kind"})
	duration := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: prefix + "redirect_duration_seconds", Help: "Time from the parsed request to the answer of a click, durable accept included.",
		Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, 1, 5},
	})
	m.duration = duration
	m.notAccepted = prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + "accept_failures_total", Help: "Events that could not be made durable and were promised to nobody."})
	m.ahead = prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + "prefetches_total", Help: "Prefetch and prerender requests, which are no clicks."})
	m.registry.MustRegister(requests, problems, duration, m.notAccepted, m.ahead)
	for r := range routes {
		for c, class := range classNames {
			m.requests[r][c] = requests.WithLabelValues(routeNames[r], class)
		}
	}
	for kind := link.Kind(1); kind < link.Kinds; kind++ {
		m.problems[kind] = problems.WithLabelValues(kind.Name())
	}
	m.registry.MustRegister(t.journal.Collector())
	m.state(t)
	return m
}

// state registers what is read when it is asked for.
func (m *metrics) state(t *Tracker) {
	counter := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: prefix + name, Help: help}, value))
	}
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help}, value))
	}
	counter("accepted_total", "Events acknowledged by the log before the journal had them.", func() float64 { return float64(t.journal.Stats().Accepted) })
	counter("voided_total", "Counters whose events are certainly nowhere.", func() float64 { return float64(t.journal.Stats().Voided) })
	counter("late_total", "Events that became durable after their caller was told that they were not accepted.", func() float64 { return float64(t.journal.Stats().Late) })
	counter("overloaded_total", "Events turned away at a bound.", func() float64 { return float64(t.journal.Stats().Overloaded) })
	gauge("in_flight", "Events waiting for the log.", func() float64 { return float64(t.journal.Stats().InFlight) })
	gauge("catalog_offset", "Offset of the newest catalog record applied; -1 before the first.", func() float64 {
		if c := t.follower.Current(); c != nil {
			return float64(c.Offset())
		}
		return -1
	})
	gauge("catalog_age_seconds", "Time since the catalog log was last read; -1 before the first time.", func() float64 {
		last := t.follower.LastContact()
		if last.IsZero() {
			return -1
		}
		return time.Since(last).Seconds()
	})
	gauge("catalog_rejected", "Catalog records that were kept out.", func() float64 { return float64(len(t.follower.Rejected())) })
	evictions := prometheus.NewDesc(prefix+"evictions_total", "Sliding counts and impressions dropped for room; while it grows, velocity counts too little.", []string{"memory"}, nil)
	m.registry.MustRegister(evicted{evictions, t})
}

// evicted collects what the memories of the hour had to drop.
type evicted struct {
	desc *prometheus.Desc
	t    *Tracker
}

func (e evicted) Describe(to chan<- *prometheus.Desc) { to <- e.desc }

func (e evicted) Collect(to chan<- prometheus.Metric) {
	for memory, n := range map[string]uint64{
		"addresses": e.t.addresses.Evictions(), "devices": e.t.devices.Evictions(), "impressions": e.t.impressions.Evictions(),
	} {
		to <- prometheus.MustNewConstMetric(e.desc, prometheus.CounterValue, float64(n), memory)
	}
}

func (m *metrics) inputs(list link.Problems) {
	for i := range list {
		m.problems[list[i].Kind].Inc()
	}
}

// answered counts one request.
func (m *metrics) answered(r route, status int, took time.Duration) {
	m.requests[r][min(max(status/100-1, 0), len(classNames)-1)].Inc()
	if r == routeClick {
		m.duration.Observe(took.Seconds())
	}
}
