package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

const (
	part  = event.SrcPart(1<<16 | 2)
	epoch = 1
)

var minute = time.Now().Add(-time.Hour).Truncate(time.Minute)

// database is a fresh one with ClickTally's tables.
func database(t *testing.T) (driver.Conn, string) {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	name := servers.Database(t)
	if err := store.EnsureSchema(t.Context(), conn, name, store.Retention{}); err != nil {
		t.Fatal(err)
	}
	return conn, name
}

// valid is a Routed, valid click of one minute at an offset; counter makes its identity.
func valid(offset uint64, counter uint32) store.Row {
	at := minute.UnixMilli() + int64(counter)
	id := event.NewID(at, 2, 9, counter)
	return store.Row{SrcPart: part, Offset: offset, Logged: at, Event: &event.Event{
		Format: event.Format, EventType: event.EventType_EVENT_TYPE_CLICK, Origin: event.Origin_ORIGIN_OWN, EventId: id[:],
		SrcPart: uint32(part), Counter: uint64(counter), Timestamp: at, CampaignId: "c", AdId: "a", Named: event.NamedAd,
		Disposition: event.Disposition_DISPOSITION_ROUTED, PriceMicros: 10, PriceCurrency: "USD",
		Verdict: &event.Verdict{Status: event.Status_STATUS_VALID},
	}}
}

func cutAt(offset uint64) []store.Cut {
	return []store.Cut{{SrcPart: part, Minute: minute.Unix(), Offset: offset}}
}

func insert(t *testing.T, conn driver.Conn, db string, rows ...store.Row) {
	t.Helper()
	if err := store.InsertEvents(t.Context(), conn, db, rows); err != nil {
		t.Fatal(err)
	}
}

func compute(t *testing.T, conn driver.Conn, db string, offset uint64) {
	t.Helper()
	if err := conn.Exec(t.Context(), store.InsertMinutes(db, epoch, store.MaxStated, cutAt(offset))); err != nil {
		t.Fatal(err)
	}
}

func mark(t *testing.T, conn driver.Conn, db string) {
	t.Helper()
	if err := conn.Exec(t.Context(), store.InsertMarks(db, time.Now(), cutAt(0))); err != nil {
		t.Fatal(err)
	}
}

// seen is what a reader sees of the minute.
type seen struct{ rows, valid, duplicates, spend, offset int64 }

func read(t *testing.T, conn driver.Conn, db string) seen {
	t.Helper()
	var s seen
	err := conn.QueryRow(t.Context(), "SELECT toInt64(count()), toInt64(sum(clicks_valid)), toInt64(sum(duplicates)), toInt64(sum(spend_valid)),"+
		" toInt64(bitAnd(max(ver), 0xFFFFFFFFFFFF)) FROM "+store.MinutesAtMarks(db, minute, minute.Add(time.Minute))).
		Scan(&s.rows, &s.valid, &s.duplicates, &s.spend, &s.offset)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func marked(t *testing.T, conn driver.Conn, db string) uint64 {
	t.Helper()
	rows, err := conn.Query(t.Context(), store.SelectMarks(db, cutAt(0)))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var src uint32
	var at int64
	var ver uint64
	for rows.Next() {
		if err := rows.Scan(&src, &at, &ver); err != nil {
			t.Fatal(err)
		}
	}
	return store.VerOffset(ver)
}

func TestAMinuteCountsItsRawBelowTheCut(t *testing.T) {
	conn, db := database(t)
	rows := []store.Row{valid(0, 1), valid(1, 2), valid(2, 1), valid(3, 3), valid(4, 2)}
	insert(t, conn, db, rows...)
	insert(t, conn, db, rows...) // loaded again: the same rows
	compute(t, conn, db, 3)
	if got := read(t, conn, db); got != (seen{}) {
		t.Errorf("a reader sees %+v of a minute without a mark", got)
	}
	mark(t, conn, db)
	if got, want := read(t, conn, db), (seen{rows: 1, valid: 2, duplicates: 1, spend: 20, offset: 3}); got != want {
		t.Errorf("at cut 3: %+v, want %+v", got, want)
	}
	compute(t, conn, db, 5)
	if got, want := read(t, conn, db), (seen{rows: 1, valid: 3, duplicates: 2, spend: 30, offset: 5}); got != want {
		t.Errorf("between rows and mark: %+v, want the complete version %+v", got, want)
	}
	compute(t, conn, db, 4) // a zombie comes with a shorter prefix
	mark(t, conn, db)
	if got, want := read(t, conn, db), (seen{rows: 1, valid: 3, duplicates: 2, spend: 30, offset: 5}); got != want {
		t.Errorf("after a zombie: %+v, want %+v", got, want)
	}
	if got := marked(t, conn, db); got != 5 {
		t.Errorf("marked at %d, want the version that the rows have, 5", got)
	}
}

func TestTotalsNeverFall(t *testing.T) {
	conn, db := database(t)
	insert(t, conn, db, valid(0, 1), valid(1, 2), valid(2, 3))
	compute(t, conn, db, 3)
	mark(t, conn, db)
	if err := conn.Exec(t.Context(), "ALTER TABLE "+store.Quote(db)+".events DELETE WHERE src_off = 1 SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
	compute(t, conn, db, 8)
	mark(t, conn, db)
	if got := marked(t, conn, db); got != 3 {
		t.Errorf("marked at %d: raw lost a click and the minute fell from its mark at 3", got)
	}
	if got := read(t, conn, db); got.valid != 3 {
		t.Errorf("a reader sees %d clicks, want the 3 at the mark", got.valid)
	}
}

func TestAllRowsOfAMinuteBecomeVisibleTogether(t *testing.T) {
	conn, db := database(t)
	const campaigns = 20_000
	var rows []store.Row
	for n := range uint32(campaigns) {
		row := valid(uint64(n), n%60_000)
		row.Event.CampaignId = "c" + time.Duration(n).String()
		rows = append(rows, row)
	}
	insert(t, conn, db, rows...)
	if err := conn.Exec(t.Context(), "SYSTEM STOP MERGES "+store.Quote(db)+".minutes"); err != nil {
		t.Fatal(err)
	}
	small := store.InsertMinutes(db, epoch, store.MaxStated, cutAt(campaigns)) + ", max_block_size = 1000, max_insert_block_size = 1000"
	if err := conn.Exec(t.Context(), small); err != nil {
		t.Fatal(err)
	}
	var parts, count uint64
	if err := conn.QueryRow(t.Context(), "SELECT uniqExact(_part), count() FROM "+store.Quote(db)+".minutes").Scan(&parts, &count); err != nil {
		t.Fatal(err)
	}
	if parts != 1 || count != campaigns {
		t.Errorf("%d rows in %d parts, want %d in one", count, parts, campaigns)
	}
}

// joinsWithNulls stands for a server whose profile sets join_use_nulls: the setting comes before the
// statement's own, which win. (The embedded engine keeps no settings between statements.)
type joinsWithNulls struct{ driver.Conn }

func withNulls(statement string) string {
	const settings, nulls = "SETTINGS ", "join_use_nulls = 1"
	if i := strings.LastIndex(statement, settings); i >= 0 {
		return statement[:i+len(settings)] + nulls + ", " + statement[i+len(settings):]
	}
	return statement + " " + settings + nulls
}

func (c joinsWithNulls) Exec(ctx context.Context, statement string, args ...any) error {
	return c.Conn.Exec(ctx, withNulls(statement), args...)
}

func (c joinsWithNulls) Query(ctx context.Context, query string, args ...any) (driver.Rows, error) {
	return c.Conn.Query(ctx, withNulls(query), args...)
}

func (c joinsWithNulls) QueryRow(ctx context.Context, query string, args ...any) driver.Row {
	return c.Conn.QueryRow(ctx, withNulls(query), args...)
}

func TestAServerThatJoinsWithNullsCountsAlike(t *testing.T) {
	plain, db := database(t)
	conn := joinsWithNulls{plain}
	insert(t, conn, db, valid(0, 1), valid(1, 2), valid(2, 1))
	manifest := store.Manifest{SrcPart: part, From: 0, To: 3, Minutes: []int64{minute.Unix()}, Written: time.Now()}
	if err := store.InsertManifests(t.Context(), conn, db, []store.Manifest{manifest}); err != nil {
		t.Fatal(err)
	}
	state, err := store.ReadLoaded(t.Context(), conn, db, []event.SrcPart{part}, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := state[part].Dirty[minute.Unix()]; got != 3 {
		t.Errorf("the minute is touched up to %d, want 3: it has no mark", got)
	}
	var day time.Time
	if err := conn.QueryRow(t.Context(), store.SelectSessionDays(db, minute, time.Minute)).Scan(&day); err != nil {
		t.Errorf("a day without sessions is not due: %v", err)
	}
	compute(t, conn, db, 3)
	mark(t, conn, db)
	if got, want := read(t, conn, db), (seen{rows: 1, valid: 2, duplicates: 1, spend: 20, offset: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
