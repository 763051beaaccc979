package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// Block gathers the rows of one flush: raw events and what follows from them, column by column. It
// copies what it takes, so that a row's event may be overwritten. Not for concurrent use.
type Block struct {
	events, lookup, conversions, fraud table
}

// NewBlock returns an empty block.
func NewBlock() *Block {
	return &Block{
		events:      table{name: "events", columns: eventColumns()},
		lookup:      table{name: "click_lookup", columns: lookupColumns()},
		conversions: table{name: "conversions", columns: conversionColumns()},
		fraud:       table{name: "fraud_log", columns: fraudColumns()},
	}
}

// Add takes in a record of the log.
func (b *Block) Add(r *Row) {
	b.events.add(r)
	if isOwnClick(r.Event) {
		b.lookup.add(r)
	}
	if isConversion(r.Event) {
		b.conversions.add(r)
	}
	if isFlagged(r.Event) {
		b.fraud.add(r)
	}
}

// Rows is how many records were added.
func (b *Block) Rows() int { return b.events.rows }

// Reset empties the block and keeps its memory.
func (b *Block) Reset() {
	for _, t := range []*table{&b.events, &b.lookup, &b.conversions, &b.fraud} {
		t.reset()
	}
}

// InsertEvents writes the raw events. A row is a function of its record alone: writing again writes
// the same, and so a block whose write failed may be written again.
func (b *Block) InsertEvents(ctx context.Context, conn driver.Conn, db string) error {
	return b.events.insert(ctx, conn, db)
}

// InsertDerived writes what follows from single raw rows and must stand before their manifest: own
// clicks into click_lookup, conversions, and flagged clicks into fraud_log.
func (b *Block) InsertDerived(ctx context.Context, conn driver.Conn, db string) error {
	for _, t := range []*table{&b.lookup, &b.conversions, &b.fraud} {
		if err := t.insert(ctx, conn, db); err != nil {
			return err
		}
	}
	return nil
}

// blockOf gathers rows.
func blockOf(rows []Row) *Block {
	b := NewBlock()
	for i := range rows {
		b.Add(&rows[i])
	}
	return b
}

// table gathers rows of one table.
type table struct {
	name    string
	columns []named
	rows    int
}

func (t *table) add(r *Row) {
	for i := range t.columns {
		t.columns[i].add(r)
	}
	t.rows++
}

func (t *table) reset() {
	for i := range t.columns {
		t.columns[i].reset()
	}
	t.rows = 0
}

// insert writes the rows as one block.
func (t *table) insert(ctx context.Context, conn driver.Conn, db string) error {
	if t.rows == 0 {
		return nil
	}
	names := make([]string, len(t.columns))
	for i := range t.columns {
		names[i] = t.columns[i].name
	}
	batch, err := prepare(ctx, conn, db, t.name, names)
	if err != nil {
		return fmt.Errorf("prepare %d rows for %s: %w", t.rows, t.name, err)
	}
	for i, to := range batch.Columns() {
		if err := t.columns[i].send(to, t.rows); err != nil {
			batch.Abort()
			return fmt.Errorf("insert into %s: %w", t.name, err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("insert %d rows into %s: %w", t.rows, t.name, err)
	}
	return nil
}

// prepare begins an insert. Idempotence is in the keys of the tables, so the server's own block
// deduplication is off: it would swallow a block that was loaded again on purpose.
func prepare(ctx context.Context, conn driver.Conn, db, table string, columns []string) (driver.Batch, error) {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"insert_deduplicate": 0, "async_insert": 0}))
	return conn.PrepareBatch(ctx, "INSERT INTO "+Quote(db)+"."+table+" ("+strings.Join(columns, ", ")+")")
}

func isOwnClick(e *event.Event) bool {
	return e.EventType == event.EventType_EVENT_TYPE_CLICK && e.Origin == event.Origin_ORIGIN_OWN
}

func isConversion(e *event.Event) bool {
	_, ok := event.IDFromBytes(e.ClickId)
	return ok && e.EventType == event.EventType_EVENT_TYPE_CONVERSION
}

func isFlagged(e *event.Event) bool {
	status := e.GetVerdict().GetStatus()
	return e.EventType == event.EventType_EVENT_TYPE_CLICK &&
		(status == event.Status_STATUS_SUSPICIOUS || status == event.Status_STATUS_FRAUDULENT)
}
