// Package ledger is the batch half of counting (design 6.5): it proves that nothing is missing and
// nothing is counted twice, from the log, the raw events and what processes said about themselves.
//
//   - boots*.go keep heartbeats and dead letters in ClickHouse;
//   - gaps*.go find counters that were settled and are nowhere: lost clicks;
//   - complete*.go say whether all of a period is loaded and computed;
//   - balance*.go recount raw naively, compare, and come to a verdict.
//
// All of it only reads, heartbeats and dead letters aside, whose rows are a function of their record:
// any number of ledgers may run at once, and stop at any point.
package ledger

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// Config says what a ledger reads and when it judges. Kafka, Topics, ClickHouse, Database and Catalog
// are required; everything else has a default.
type Config struct {
	Kafka      []kgo.Opt // seed brokers, credentials
	Topics     topics.Names
	ClickHouse driver.Conn
	Database   string
	// Catalog is where partitions are listed from: never from the rows that happen to be there. nil
	// until it is known.
	Catalog func() *catalog.Catalog

	CopyEvery  time.Duration // of heartbeats and dead letters; default 5 s
	JudgeEvery time.Duration // default 5 min
	Hours      int           // completed hours that are judged again each time; default 3
	Grace      time.Duration // an hour is judged from this long after its end; default 2 min
	Silent     time.Duration // a boot without a heartbeat for longer is taken for dead; default 30 s
	Patience   time.Duration // how long a judgement waits for what was logged to be loaded and computed; default 30 s
	RowsAtOnce uint64        // raw events that one statement of the recount takes; default 4 million

	Log      *slog.Logger
	Registry *prometheus.Registry // default: one of its own
	Now      func() time.Time     // default time.Now
	// OnReport is told each judgement of the loop; it must not block. Optional.
	OnReport func(*Report)
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case len(c.Kafka) == 0 || c.Topics.Prefix == "":
		return c, errors.New("ledger: Kafka brokers and a topic prefix are required")
	case c.ClickHouse == nil || c.Database == "":
		return c, errors.New("ledger: ClickHouse and a database are required")
	case c.Catalog == nil:
		return c, errors.New("ledger: a catalog is required")
	}
	c.CopyEvery = cmp.Or(c.CopyEvery, 5*time.Second)
	c.JudgeEvery = cmp.Or(c.JudgeEvery, 5*time.Minute)
	c.Hours = cmp.Or(c.Hours, 3)
	c.Grace = cmp.Or(c.Grace, 2*time.Minute)
	c.Silent = cmp.Or(c.Silent, 30*time.Second)
	c.Patience = cmp.Or(c.Patience, 30*time.Second)
	c.RowsAtOnce = cmp.Or(c.RowsAtOnce, 4_000_000)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnReport == nil {
		c.OnReport = func(*Report) {}
	}
	return c, nil
}
