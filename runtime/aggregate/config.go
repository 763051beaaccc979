package aggregate

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/grow"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// Config says what an aggregator reads and writes. Kafka, Topics, Generations and Redis are required; everything
// else has a default. Without ClickHouse only the live half runs: nothing is loaded, and the log must
// keep its records until a worker with ClickHouse loads them.
type Config struct {
	Kafka  []kgo.Opt // seed brokers, credentials
	Topics topics.Names
	// Generations are those that the catalog announces, and the age of that catalog. It is called often
	// and must not block; the list is not changed afterwards. One generation is read per topic.
	Generations func() (list catalog.Generations, age time.Duration)
	CatalogAge  time.Duration // above it counting waits; default grow.KnownWithin
	Group       string        // default Topics.Aggregators(); workers of another group count beside, harmlessly
	ClickHouse  driver.Conn
	Database    string
	Redis       redis.UniversalClient
	Epoch       uint16 // of computed rows, from the catalog's pipeline record; the lowest that is used
	// FollowEpoch is the epoch as the catalog has it now; it must not block. Default: Epoch.
	FollowEpoch func() uint16
	Retention   store.Retention
	Stated      int // visitor-stated combinations per (minute, src_part, campaign); default store.MaxStated

	FlushEvery    time.Duration // of raw rows; default 1 s
	FlushRows     int           // flushed earlier at this many records; default 50,000
	MaxBuffered   int           // records waiting for a flush, beside those in flight; default 200,000
	PublishEvery  time.Duration // of live values; default 1 s
	RewriteEvery  time.Duration // of all open panes; default 15 s
	ProbeEvery    time.Duration // of the log's end; default 1 s
	RetryAfter    time.Duration // after a failed effect; default 2 s
	LatenessSlack time.Duration // from an event's time until it is in the log; default 5 s
	FreshEvery    time.Duration // a minute of the last 5 minutes is computed again after; default 2 s
	OldGrowth     float64       // an old minute is computed again when its age has grown by this share; default 0.1
	SessionGap    time.Duration // default 30 min
	SessionsEvery time.Duration // default 5 min

	Log      *slog.Logger
	Registry *prometheus.Registry // default: one of its own
	Now      func() time.Time     // default time.Now
	// OnCondition is told when a partition stops and when a minute is refused; it must not block.
	OnCondition func(part event.SrcPart, condition Condition)
	// Fault is called before each effect with its name; an error stands for a process that dies
	// there: the effect is left out and Run ends. Tests only.
	Fault func(effect string) error
}

// ConditionTotalsFell tells that a minute was refused: raw says less than its mark. It does not stop
// the partition; the minute stays at its mark, and Balanced is False until a restate or the rows' return.
const ConditionTotalsFell Condition = "TotalsFell"

func (c Config) withDefaults() (Config, error) {
	switch {
	case len(c.Kafka) == 0 || c.Topics.Prefix == "":
		return c, errors.New("aggregator: Kafka brokers and a topic prefix are required")
	case c.Generations == nil:
		return c, errors.New("aggregator: the announced generations are required")
	case c.ClickHouse != nil && c.Database == "":
		return c, errors.New("aggregator: a database is required")
	case c.Redis == nil:
		return c, errors.New("aggregator: a Redis client is required")
	}
	c.CatalogAge = cmp.Or(c.CatalogAge, grow.KnownWithin)
	c.Group = cmp.Or(c.Group, c.Topics.Aggregators())
	c.Retention = c.Retention.WithDefaults()
	c.Stated = cmp.Or(c.Stated, store.MaxStated)
	c.FlushEvery = cmp.Or(c.FlushEvery, time.Second)
	c.FlushRows = cmp.Or(c.FlushRows, 50_000)
	c.MaxBuffered = cmp.Or(c.MaxBuffered, 200_000)
	c.PublishEvery = cmp.Or(c.PublishEvery, time.Second)
	c.RewriteEvery = cmp.Or(c.RewriteEvery, 15*time.Second)
	c.ProbeEvery = cmp.Or(c.ProbeEvery, time.Second)
	c.RetryAfter = cmp.Or(c.RetryAfter, 2*time.Second)
	c.LatenessSlack = cmp.Or(c.LatenessSlack, 5*time.Second)
	c.FreshEvery = cmp.Or(c.FreshEvery, 2*time.Second)
	c.OldGrowth = cmp.Or(c.OldGrowth, 0.1)
	c.SessionGap = cmp.Or(c.SessionGap, 30*time.Minute)
	c.SessionsEvery = cmp.Or(c.SessionsEvery, 5*time.Minute)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.FollowEpoch == nil {
		c.FollowEpoch = func() uint16 { return c.Epoch }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnCondition == nil {
		c.OnCondition = func(event.SrcPart, Condition) {}
	}
	if c.Fault == nil {
		c.Fault = func(string) error { return nil }
	}
	return c, nil
}
