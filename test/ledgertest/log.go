// Package ledgertest is a pipeline in small for the ledger's tests: a database with ClickTally's tables, the log that
// was loaded into it, and the steps of an aggregator one by one.
package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/oracle"
	"github.com/clicktally/clicktally/test/servers"
)

// Boot is the process that made every event.
const Boot = 9

// minutesPerStatement keeps statements within what ClickHouse parses.
const minutesPerStatement = 500

// Pipeline is the database and what the log holds, by src_part.
type Pipeline struct {
	T        testing.TB
	Conn     driver.Conn
	Database string
	Epoch    uint16
	Log      map[event.SrcPart][]*event.Event // the offset is the index
	loaded   map[event.SrcPart]int
	computed map[event.SrcPart]int
	counters map[event.SrcPart]uint32
	kafka    *kafka // nil: the log is in memory only
}

// New creates the tables in an empty database. They expire nothing: tests have dates of their own.
func New(t testing.TB) *Pipeline {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the test is over
	p := &Pipeline{
		T: t, Conn: conn, Database: servers.Database(t), Epoch: 1,
		Log: map[event.SrcPart][]*event.Event{}, loaded: map[event.SrcPart]int{}, computed: map[event.SrcPart]int{},
		counters: map[event.SrcPart]uint32{},
	}
	for _, statement := range store.Schema(p.Database, store.Retention{}) {
		p.Exec(withoutTTL(statement))
	}
	return p
}

func withoutTTL(statement string) string {
	lines := strings.Split(statement, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "TTL ") {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// Exec runs a statement.
func (p *Pipeline) Exec(statement string) {
	p.T.Helper()
	if err := p.Conn.Exec(p.T.Context(), statement); err != nil {
		p.T.Fatalf("%.200s: %v", statement, err)
	}
}

// Append writes events to the log of their src_part.
func (p *Pipeline) Append(events ...*event.Event) {
	for _, e := range events {
		part := event.SrcPart(e.SrcPart)
		if p.kafka != nil {
			p.kafka.produce(p.T, part, e, len(p.Log[part]))
		}
		p.Log[part] = append(p.Log[part], e)
	}
}

// Load loads what the log of every src_part holds beyond what was loaded, under one manifest each.
func (p *Pipeline) Load(now time.Time) {
	p.T.Helper()
	for part, log := range p.Log {
		from := p.loaded[part]
		if from == len(log) {
			continue
		}
		p.Insert(part, from, len(log))
		p.Manifest(part, from, len(log), now)
		p.loaded[part] = len(log)
	}
}

// Insert writes the raw rows of offsets [from, to), and no manifest.
func (p *Pipeline) Insert(part event.SrcPart, from, to int) {
	p.T.Helper()
	var rows []store.Row
	for offset := from; offset < to; offset++ {
		e := p.Log[part][offset]
		rows = append(rows, store.Row{SrcPart: part, Offset: uint64(offset), Logged: e.Timestamp, Event: e})
	}
	if err := store.InsertEvents(p.T.Context(), p.Conn, p.Database, rows); err != nil {
		p.T.Fatal(err)
	}
}

// Manifest says that [from, to) is loaded.
func (p *Pipeline) Manifest(part event.SrcPart, from, to int, now time.Time) {
	p.T.Helper()
	touched := map[int64]bool{}
	m := store.Manifest{SrcPart: part, From: uint64(from), To: uint64(to), Rows: uint64(to - from), Offsets: uint64(to - from), Written: now}
	for _, e := range p.Log[part][from:to] {
		if minute := store.MinuteOf(e.Timestamp); !touched[minute] {
			touched[minute] = true
			m.Minutes = append(m.Minutes, minute)
		}
	}
	if err := store.InsertManifests(p.T.Context(), p.Conn, p.Database, []store.Manifest{m}); err != nil {
		p.T.Fatal(err)
	}
}

// Compute computes and marks every minute that was loaded since the last time.
func (p *Pipeline) Compute(now time.Time) {
	p.T.Helper()
	for cuts := range slices.Chunk(p.dirty(), minutesPerStatement) {
		p.Exec(store.InsertMinutes(p.Database, p.Epoch, store.MaxStated, cuts))
		p.Exec(store.InsertMarks(p.Database, now, cuts))
	}
}

// dirty takes the minutes of what was loaded since the last time, each at the loaded end of its src_part.
func (p *Pipeline) dirty() []store.Cut {
	var cuts []store.Cut
	seen := map[store.Cut]bool{}
	for part, log := range p.Log {
		for _, e := range log[p.computed[part]:p.loaded[part]] {
			cut := store.Cut{SrcPart: part, Minute: store.MinuteOf(e.Timestamp), Offset: uint64(p.loaded[part])}
			if !seen[cut] {
				seen[cut] = true
				cuts = append(cuts, cut)
			}
		}
		p.computed[part] = p.loaded[part]
	}
	return cuts
}

// Records is the loaded log as the oracle takes it.
func (p *Pipeline) Records() []oracle.Record {
	var records []oracle.Record
	for part, log := range p.Log {
		for offset, e := range log[:p.loaded[part]] {
			records = append(records, oracle.Record{SrcPart: part, Offset: uint64(offset), Event: e})
		}
	}
	return records
}

// Click is a Routed, valid click of campaign c, ad a, at a time: own, with an id that no other event has.
func (p *Pipeline) Click(part event.SrcPart, at time.Time) *event.Event {
	counter := p.counters[part]
	p.counters[part]++
	id := event.NewID(at.UnixMilli(), part.Partition(), Boot, counter)
	return &event.Event{
		Format: event.Format, EventType: event.EventType_EVENT_TYPE_CLICK, Origin: event.Origin_ORIGIN_OWN, EventId: id[:],
		SrcPart: uint32(part), BootId: Boot, Counter: uint64(counter), Timestamp: at.UnixMilli(), Accepted: at.UnixMilli(),
		CampaignId: "c", AdvertiserId: "adv", AdId: "a", PublisherId: "p", Named: event.NamedAd | event.NamedPublisher,
		UserId: fmt.Appendf(nil, "visitor-%08d", counter), Disposition: event.Disposition_DISPOSITION_ROUTED,
		PriceMicros: 500_000, PriceCurrency: "USD",
		Verdict: &event.Verdict{Status: event.Status_STATUS_VALID, PolicyDigest: []byte{1, 2}},
	}
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// Random is any kind of event at a time: every type, disposition and status, several currencies and reasons.
func (p *Pipeline) Random(r *rand.Rand, part event.SrcPart, at time.Time) *event.Event {
	e := p.Click(part, at)
	e.EventType = event.EventType(pick(r, 1, 1, 1, 2, 3, 4, 5, 6))
	e.CampaignId, e.AdvertiserId = pick(r, "c", "d", ""), pick(r, "adv", "adw")
	e.AdId, e.PublisherId, e.Named = pick(r, "a", "b", ""), pick(r, "p", "q"), r.Uint32N(8)
	e.Country, e.DeviceType = pick(r, "DE", "AT"), event.DeviceType(r.IntN(4))
	e.Disposition = event.Disposition(pick(r, 1, 1, 1, 1, 2, 3, 4))
	e.UserId = fmt.Appendf(nil, "visitor-%08d", r.IntN(40))
	e.PriceMicros, e.PriceCurrency = r.Int64N(9)*50_000, pick(r, "USD", "EUR")
	if r.IntN(2) == 0 {
		e.CostMicros, e.CostCurrency = r.Int64N(4)*10_000, "GBP"
	}
	e.Verdict = &event.Verdict{Status: event.Status(1 + r.IntN(3)), PolicyDigest: []byte{pick(r, byte(1), 2)}}
	if e.Verdict.Status != event.Status_STATUS_VALID {
		e.Verdict.Reasons = []*event.ReasonPoints{
			{Reason: event.Reason_REASON_RATE_LIMITED},
			{Reason: pick(r, event.Reason_REASON_IP_VELOCITY, event.Reason_REASON_MODEL_HIGH), Points: 40},
		}
	}
	return e
}
