package journal

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// prefix of the metrics: what would be lost, how much room there is, and what was lost.
const prefix = "clicktally_journal_"

// metrics is what is read from an Accepter when it is asked for, and how long syncs took.
type metrics struct {
	a     *Accepter
	fsync prometheus.Histogram
}

func newMetrics(a *Accepter) *metrics {
	return &metrics{a: a, fsync: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: prefix + "fsync_seconds", Help: "Time to write and sync one group of events to the journal.",
		Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .025, .05, .1, .25, 1, 5},
	})}
}

func (m *metrics) synced(took time.Duration) { m.fsync.Observe(took.Seconds()) }

// Collector gives the metrics of durable accept: the loss budget.
func (a *Accepter) Collector() prometheus.Collector { return a.metrics }

func desc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, nil, nil)
}

var (
	descInFlight   = desc("unacknowledged_events", "Events on their way: their callers wait, or Kafka has not told their fate. A crash now loses those that only wait.")
	descWaiting    = desc("waiting_events", "Events that only the journal holds.")
	descBytes      = desc("bytes", "Bytes of the journal that wait to be shipped.")
	descCapacity   = desc("capacity_bytes", "Bytes that the journal has room for; 0 without a journal.")
	descSegments   = desc("segments", "Files of the journal in use.")
	descOldest     = desc("oldest_waiting_seconds", "Age of the event that waits longest in the journal; 0 when none waits.")
	descBreakers   = desc("open_breakers", "Partitions whose events go to the journal because Kafka does not acknowledge in time.")
	descAway       = desc("log_away_seconds", "Time since the first of the open breakers opened; 0 when none is open.")
	descJournaled  = desc("journaled_total", "Events that the journal made durable before Kafka did.")
	descShipped    = desc("shipped_total", "Events shipped from the journal, without those whose own produce was acknowledged late.")
	descAbandoned  = desc("abandoned_segments_total", "Segments given up after a failed write or sync.")
	descUnreadable = desc("unreadable_events_total", "Events of this process that damage on the disk made unreadable: lost unless Kafka has them.")
	descUnbilled   = desc("unbilled_total", "Visitors redirected although neither Kafka nor the journal took their event.")
)

// Describe is prometheus.Collector.
func (m *metrics) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, to) }

// Collect is prometheus.Collector.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	counter := func(d *prometheus.Desc, v uint64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	s := m.a.Stats()
	gauge(descInFlight, float64(s.InFlight))
	gauge(descBreakers, float64(m.a.away.open.Load()))
	gauge(descAway, ageOf(m.a.away.since.Load()))
	counter(descUnbilled, s.Unbilled)
	if m.a.disk == nil {
		gauge(descCapacity, 0)
		return
	}
	l := m.a.disk.log.Stats()
	gauge(descWaiting, float64(l.Waiting))
	gauge(descBytes, float64(l.Bytes))
	gauge(descCapacity, float64(l.Capacity))
	gauge(descSegments, float64(l.Segments))
	gauge(descOldest, ageOf(m.a.disk.ship.oldest.Load()))
	counter(descJournaled, s.Journaled)
	counter(descShipped, s.Shipped)
	counter(descAbandoned, l.Abandoned)
	counter(descUnreadable, l.Lost)
	m.fsync.Collect(to)
}

// ageOf is the seconds since a time in ms; 0 for none.
func ageOf(ms int64) float64 {
	if ms == 0 {
		return 0
	}
	return max(time.Since(time.UnixMilli(ms)).Seconds(), 0)
}
