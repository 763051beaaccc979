package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

// number reads a variable of the run; `make bench-aggregate` documents them.
func number(t *testing.T, name string, otherwise int) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number above 0", name, os.Getenv(name))
	}
	return n
}

func wanted(t *testing.T, what string) {
	if os.Getenv("CLICKTALLY_BENCH") != what {
		t.Skip("a measurement, not a test: make bench-" + what)
	}
}

// TestAggregate is `make bench-aggregate`.
func TestAggregate(t *testing.T) {
	wanted(t, "aggregate")
	events, rounds := number(t, "EVENTS", 10_000_000), number(t, "ROUNDS", 5)
	out := io.Writer(os.Stdout)
	halfOnly := os.Getenv("ONLY") == "live"
	live := startLive(t, events, false, out)
	load := startLoad(t, live.broker, number(t, "LOAD_EVENTS", max(events/10, 1)), out)
	for round := range rounds {
		fmt.Fprintf(out, "round %d of %d\n", round+1, rounds)
		live.round(t, out)
		if !halfOnly {
			load.round(t, out)
		}
	}
	if halfOnly {
		live.results(out)
		return
	}
	fmt.Fprintf(out, "\nCPU time per event over %d rounds; %d events of %d bytes, load: %d events\n", rounds, events, live.log.Bytes/int64(events), load.log.Events)
	live.results(out)
	load.results(out, live)
	decoding(t, min(events, 100_000), rounds, out)
}

// liveRun measures the live half beside the poll loop.
type liveRun struct {
	broker    []string
	log       *EventLog
	client    *redis.Client
	redisPID  int
	reference Series
	whole     Series
	redis     Series
	polled    Series // by the clock on the wall
	caughtUp  Series
}

func startLive(t *testing.T, events int, keyed bool, out io.Writer) *liveRun {
	r := &liveRun{
		broker:    servers.Broker(t),
		reference: Series{Name: "franz-go poll and discard"}, whole: Series{Name: "live half"}, redis: Series{Name: "redis-server"},
		polled: Series{Name: "franz-go poll and discard"}, caughtUp: Series{Name: "live half"},
	}
	var err error
	if r.log, err = WriteEventLog(t.Context(), r.broker, servers.Prefix(t), events, keyed, out); err != nil {
		t.Fatal(err)
	}
	r.client = redis.NewClient(&redis.Options{Addr: servers.Redis(t)})
	t.Cleanup(func() { r.client.Close() })
	if r.redisPID = ChildOf("redis-server"); r.redisPID == 0 {
		t.Fatal("redis-server is not among the children")
	}
	return r
}

func (r *liveRun) round(t *testing.T, out io.Writer) {
	runtime.GC()
	before, start := OwnCPU(), time.Now()
	if err := r.log.Poll(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	r.reference.Add(OwnCPU()-before, r.log.Events)
	r.polled.Add(time.Since(start), r.log.Events)

	if err := r.client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	before, redisBefore := OwnCPU(), CPUOf(r.redisPID)
	start = time.Now()
	stop := r.log.aggregate(t, aggregate.Config{Redis: r.client}, "live")
	r.awaitCounted(t)
	took := time.Since(start)
	r.caughtUp.Add(took, r.log.Events)
	stop()
	r.whole.Add(OwnCPU()-before, r.log.Events)
	r.redis.Add(CPUOf(r.redisPID)-redisBefore, r.log.Events)
	fmt.Fprintf(out, "  poll %.0f ns, live half %.0f ns, redis-server %.0f ns; %.1f s\n", last(r.reference), last(r.whole), last(r.redis), took.Seconds())
}

// awaitCounted returns when Redis holds every event once.
func (r *liveRun) awaitCounted(t *testing.T) {
	live := store.Live{Client: r.client, Keys: store.LiveKeys{Prefix: r.log.Topics.Prefix}}
	for deadline := time.Now().Add(10 * time.Minute); ; {
		sum, err := live.Sum(t.Context(), store.Entity{Kind: store.EntityAll}, r.log.Start.Add(-time.Minute), r.log.Start.Add(Span(r.log.Events)+time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if n := eventsOf(&sum); n >= uint64(r.log.Distinct) {
			if n != uint64(r.log.Distinct) || sum.Duplicates != uint64(r.log.Events-r.log.Distinct) {
				t.Fatalf("%d events and %d duplicates counted, want %d and %d", n, sum.Duplicates, r.log.Distinct, r.log.Events-r.log.Distinct)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d events counted", eventsOf(&sum), r.log.Distinct)
		}
		time.Sleep(100 * time.Millisecond) //nolint:forbidigo // a deadline stands above
	}
}

func (r *liveRun) results(out io.Writer) {
	Result(out, "aggregate", &r.whole, &r.reference)
	Result(out, "aggregate_redis_server", &r.redis, &r.whole)
	Result(out, "catch_up", &r.caughtUp, &r.polled)
}

// aggregate runs a worker whose clock begins at the end of the traffic, so that every pane is open.
func (l *EventLog) aggregate(t *testing.T, cfg aggregate.Config, name string) (stop func()) {
	t.Helper()
	begun := time.Now()
	cfg.Kafka, cfg.Topics, cfg.Group = l.Seeds, l.Topics, fmt.Sprint(l.Topics.Prefix, ".", name, begun.UnixNano())
	only := catalog.Generations{{Number: generation, Topic: l.Topics.Events(generation), Partitions: partitions}}
	cfg.Generations = func() (catalog.Generations, time.Duration) { return only, 0 }
	cfg.Now = func() time.Time { return l.Start.Add(Span(l.Events)).Add(time.Since(begun)) }
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	worker, err := aggregate.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// loadRun measures the load half in Go and ClickHouse's own CPU.
type loadRun struct {
	log                            *EventLog
	conn                           driver.Conn
	pid                            int
	reference, whole, raw, minutes Series
	caughtUp                       Series // by the clock on the wall, raw rows and minute rows
}

func startLoad(t *testing.T, broker []string, events int, out io.Writer) *loadRun {
	r := &loadRun{
		reference: Series{Name: "poll and decode"}, whole: Series{Name: "load half"},
		raw: Series{Name: "ClickHouse, raw rows"}, minutes: Series{Name: "ClickHouse, minute rows"},
		caughtUp: Series{Name: "load half and ClickHouse"},
	}
	var err error
	if r.log, err = WriteEventLog(t.Context(), broker, servers.Prefix(t), events, false, out); err != nil {
		t.Fatal(err)
	}
	if r.conn, err = clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(t)}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.conn.Close() })
	if r.pid = ChildOf("test-servers/chdb"); r.pid == 0 {
		t.Fatal("the ClickHouse child is not among the children")
	}
	return r
}

// What a worker puts into one flush and into one statement.
const (
	flushRows           = 50_000
	minutesPerStatement = 64
)

func (r *loadRun) round(t *testing.T, out io.Writer) {
	ctx := t.Context()
	runtime.GC()
	before := OwnCPU()
	var decoder event.Decoder
	if err := r.log.Poll(ctx, func(records []*kgo.Record) error {
		for _, record := range records {
			if _, err := decoder.Decode(record.Value); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	r.reference.Add(OwnCPU()-before, r.log.Events)

	db := servers.Database(t)
	if err := store.EnsureSchema(ctx, r.conn, db, store.Retention{}); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	before, chBefore := OwnCPU(), CPUOf(r.pid)
	start := time.Now()
	cuts := r.load(t, db)
	r.whole.Add(OwnCPU()-before, r.log.Events)
	r.raw.Add(CPUOf(r.pid)-chBefore, r.log.Events)

	chBefore = CPUOf(r.pid)
	for batch := range slices.Chunk(cuts, minutesPerStatement) {
		if err := r.conn.Exec(ctx, store.InsertMinutes(db, 1, store.MaxStated, batch)); err != nil {
			t.Fatal(err)
		}
	}
	r.minutes.Add(CPUOf(r.pid)-chBefore, r.log.Events)
	r.caughtUp.Add(time.Since(start), r.log.Events)
	fmt.Fprintf(out, "  poll and decode %.0f ns, with load %.0f ns, ClickHouse: raw rows %.0f ns, minute rows %.0f ns\n", last(r.reference), last(r.whole), last(r.raw), last(r.minutes))
	if err := r.conn.Exec(ctx, "DROP DATABASE "+store.Quote(db)+" SYNC"); err != nil {
		t.Fatal(err)
	}
	if err := r.conn.Exec(ctx, "CREATE DATABASE "+store.Quote(db)); err != nil {
		t.Fatal(err)
	}
}

// load writes the whole log in flushes and returns the minutes it touched, each at the log's end.
func (r *loadRun) load(t *testing.T, db string) []store.Cut {
	ctx := t.Context()
	block := store.NewBlock()
	minutes := map[store.Cut]struct{}{}
	flush := func() error {
		if err := block.InsertEvents(ctx, r.conn, db); err != nil {
			return err
		}
		if err := block.InsertDerived(ctx, r.conn, db); err != nil {
			return err
		}
		block.Reset()
		return nil
	}
	var decoder event.Decoder
	err := r.log.Poll(ctx, func(records []*kgo.Record) error {
		for _, record := range records {
			e, err := decoder.Decode(record.Value)
			if err != nil {
				return err
			}
			row := store.Row{SrcPart: event.SrcPart(e.SrcPart), Offset: uint64(record.Offset), Logged: record.Timestamp.UnixMilli(), Event: e}
			minutes[store.Cut{SrcPart: row.SrcPart, Minute: row.Minute(), Offset: 1 << 40}] = struct{}{}
			if block.Add(&row); block.Rows() >= flushRows {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	cuts := make([]store.Cut, 0, len(minutes))
	for cut := range minutes {
		cuts = append(cuts, cut)
	}
	return cuts
}

func (r *loadRun) results(out io.Writer, live *liveRun) {
	poll := &live.reference
	Result(out, "load", &r.whole, poll)
	added := Series{Name: "load half in Go on top of poll and decode"}
	for i := range r.whole.Rounds {
		added.Rounds = append(added.Rounds, r.whole.Rounds[i]-r.reference.Rounds[i])
	}
	Result(out, "load_added", &added, poll)
	Result(out, "clickhouse_raw", &r.raw, poll)
	Result(out, "clickhouse_minutes", &r.minutes, poll)
	Result(out, "catch_up_load", &r.caughtUp, &live.polled)
}

func last(s Series) float64 { return s.Rounds[len(s.Rounds)-1] }

// eventsOf is the number of distinct events.
func eventsOf(c *store.Counts) uint64 {
	return c.Impressions + c.PageViews + c.ClickThroughs + c.Bounces + c.Conversions +
		c.ClicksValid + c.ClicksSuspicious + c.ClicksFraudulent + c.ClicksTest + c.ClicksClosed
}
