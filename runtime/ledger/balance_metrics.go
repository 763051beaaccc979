package ledger

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	balanced, lost, unacknowledged, openBoots, at, seconds prometheus.Gauge
	findings                                               *prometheus.GaugeVec
	failures                                               prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) *metrics {
	const space, system = "clicktally", "ledger"
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: space, Subsystem: system, Name: name, Help: help})
	}
	m := &metrics{
		balanced:       gauge("balanced", "Of the last completed hours: 1 balanced, 0 not, -1 not known."),
		lost:           gauge("lost_clicks", "Settled counters of the last completed hours' boots that are nowhere."),
		unacknowledged: gauge("unacknowledged_events", "Counters above settled that are missing after a boot died."),
		openBoots:      gauge("open_boots", "Boots whose journal may still bring events."),
		at:             gauge("judged_until_seconds", "End of the period that was judged last, unix seconds."),
		seconds:        gauge("judge_seconds", "Duration of the last judgement."),
		findings: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: space, Subsystem: system, Name: "findings", Help: "What keeps the last completed hours from being balanced, by kind.",
		}, []string{"kind"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: space, Subsystem: system, Name: "failures_total", Help: "Judgements that could not be made.",
		}),
	}
	m.balanced.Set(-1)
	registry.MustRegister(m.balanced, m.lost, m.unacknowledged, m.openBoots, m.at, m.seconds, m.findings, m.failures)
	return m
}

func (m *metrics) failed() {
	m.failures.Inc()
	m.balanced.Set(-1)
}

func (m *metrics) judged(r *Report) {
	m.balanced.Set(map[string]float64{True: 1, False: 0, Unknown: -1}[r.Verdict.Status])
	m.at.Set(float64(r.Period.To.Unix()))
	m.seconds.Set(r.took.Seconds())
	m.openBoots.Set(float64(len(onlyOf(r.Findings, JournalOpen))))
	if r.Gaps != nil && !r.Gaps.Loading {
		m.lost.Set(float64(r.Gaps.Lost))
		m.unacknowledged.Set(float64(r.Gaps.Unacknowledged))
	}
	m.findings.Reset()
	for i := range r.Findings {
		m.findings.WithLabelValues(string(r.Findings[i].Kind)).Inc()
	}
}

// trouble logs when something begins to fail, and when it works again.
type trouble struct {
	what string
	on   bool
}

func (t *trouble) note(ctx context.Context, log *slog.Logger, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !t.on:
		t.on = true
		log.Warn("the ledger is held up", "by", t.what, "error", err)
	case err == nil && t.on:
		t.on = false
		log.Info("the ledger goes on", "with", t.what)
	}
}
