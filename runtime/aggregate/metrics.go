package aggregate

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the worker's; partitions are labels because they are few and bounded (4096 in each of a few generations).
type metrics struct {
	records     prometheus.Counter
	deadLetters *prometheus.CounterVec
	moved       prometheus.Counter
	rows        prometheus.Counter
	minutes     prometheus.Counter
	refused     prometheus.Counter
	liveWrites  prometheus.Counter
	failures    *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	lag         *prometheus.GaugeVec
	stopped     *prometheus.GaugeVec
	complete    *prometheus.GaugeVec
	dirty       *prometheus.GaugeVec
	held        *prometheus.GaugeVec
	buffered    prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer) *metrics {
	const space, system = "clicktally", "aggregator"
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: space, Subsystem: system, Name: name, Help: help})
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: space, Subsystem: system, Name: name, Help: help}, labels)
	}
	m := &metrics{
		records: counter("records_total", "Records read from the log by the live half."),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: space, Subsystem: system,
			Name: "dead_letters_total", Help: "Records produced to the dead letters, by reason.",
		}, []string{"reason"}),
		moved:      counter("moved_total", "Records produced again to the generation that their time belongs to."),
		rows:       counter("rows_loaded_total", "Raw rows under a written manifest."),
		minutes:    counter("minutes_computed_total", "Minutes computed and marked."),
		refused:    counter("minutes_refused_total", "Computations refused because totals would have fallen below the mark."),
		liveWrites: counter("live_writes_total", "Absolute values written to Redis."),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: space, Subsystem: system,
			Name: "failures_total", Help: "Effects that failed and are tried again, by effect.",
		}, []string{"effect"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: space, Subsystem: system,
			Name: "effect_seconds", Help: "Duration of effects, by effect.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 16),
		}, []string{"effect"}),
		lag:      gauge("lag_records", "Records of the log that a half has not taken in.", "generation", "partition", "half"),
		stopped:  gauge("partition_stopped", "1 while the partition is stopped under the condition.", "generation", "partition", "condition"),
		complete: gauge("complete_until_seconds", "complete_until of the partition, unix seconds.", "generation", "partition"),
		dirty:    gauge("dirty_minutes", "Complete minutes that wait to be computed again.", "generation", "partition"),
		held:     gauge("refused_minutes", "Minutes that stay at their marks because raw says less (TotalsFell); any makes Balanced False.", "generation", "partition"),
		buffered: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: space, Subsystem: system,
			Name: "buffered_records", Help: "Records buffered for the next flush.",
		}),
	}
	registry.MustRegister(m.records, m.deadLetters, m.moved, m.rows, m.minutes, m.refused, m.liveWrites, m.failures,
		m.seconds, m.lag, m.stopped, m.complete, m.dirty, m.held, m.buffered)
	return m
}

func (m *metrics) partition(p *partition, end uint64) {
	generation, number := p.labels()
	m.lag.WithLabelValues(generation, number, "live").Set(float64(max(0, int64(end)-p.liveNext)))
	if p.known {
		m.lag.WithLabelValues(generation, number, "load").Set(float64(max(0, int64(end)-int64(p.loaded))))
		m.complete.WithLabelValues(generation, number).Set(float64(p.progress.until.Unix()))
		m.dirty.WithLabelValues(generation, number).Set(float64(p.minutes.dirtyBefore(p.progress.until)))
		refused, _ := p.minutes.refusedMinutes()
		m.held.WithLabelValues(generation, number).Set(float64(refused))
	}
}

// forget drops the series of a partition that went to another worker.
func (m *metrics) forget(p *partition) {
	generation, number := p.labels()
	label := prometheus.Labels{"generation": generation, "partition": number}
	for _, vec := range []*prometheus.GaugeVec{m.lag, m.stopped, m.complete, m.dirty, m.held} {
		vec.DeletePartialMatch(label)
	}
}
