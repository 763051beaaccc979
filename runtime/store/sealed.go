package store

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// Sealed is one row of table sealed: a revision without its lines.
type Sealed struct {
	Period       string
	Revision     uint32
	From, To     time.Time
	Zone         string
	Hash, Totals string // SHA-256, hex
	Method       uint16
	Billable     []string
	Cuts         map[event.SrcPart]uint64
	Policies     []string // digests, hex, sorted
	Lines        uint64
	Overridden   []string
	Who          string
	At           time.Time
}

// InsertSealedLines writes the lines of a content. Writing them again changes nothing.
func InsertSealedLines(ctx context.Context, conn driver.Conn, db, hash string, lines []BillLine) error {
	return insert(ctx, conn, db, "sealed_lines", []column[BillLine]{
		col("hash", func(*BillLine) string { return hash }),
		col("advertiser_id", func(l *BillLine) string { return l.Advertiser }),
		col("campaign_id", func(l *BillLine) string { return l.Campaign }),
		col("ad_id", func(l *BillLine) string { return l.Ad }),
		col("publisher_id", func(l *BillLine) string { return l.Publisher }),
		col("currency", func(l *BillLine) string { return l.Currency }),
		col("clicks", func(l *BillLine) []uint64 {
			clicks := make([]uint64, Buckets)
			for i, n := range l.Clicks {
				clicks[i] = uint64(n)
			}
			return clicks
		}),
		col("micros", func(l *BillLine) []*big.Int { return l.Micros[:] }),
		col("clicks_test", func(l *BillLine) uint64 { return uint64(l.Test) }),
		col("clicks_closed", func(l *BillLine) uint64 { return uint64(l.Closed) }),
	}, lines)
}

// InsertSealed writes a revision under its name as deduplication token: when the name is taken ClickHouse keeps what is
// there and says nothing, so the caller reads it back. Its lines are written before.
func InsertSealed(ctx context.Context, conn driver.Conn, db string, s *Sealed) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"insert_deduplicate": 1, "insert_deduplication_token": fmt.Sprintf("%s-%d", s.Period, s.Revision), "async_insert": 0,
	}))
	parts, offsets := make([]uint32, 0, len(s.Cuts)), make([]uint64, 0, len(s.Cuts))
	for part, cut := range s.Cuts {
		parts, offsets = append(parts, uint32(part)), append(offsets, cut)
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO "+Quote(db)+".sealed ("+sealedColumns+")")
	if err != nil {
		return fmt.Errorf("seal %s: %w", s.Period, err)
	}
	err = batch.Append(s.Period, s.Revision, s.From, s.To, s.Zone, s.Hash, s.Totals, s.Method, s.Billable, parts, offsets,
		s.Policies, s.Lines, s.Overridden, s.Who, s.At)
	if err != nil {
		batch.Abort()
		return fmt.Errorf("seal %s: %w", s.Period, err)
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("seal %s: %w", s.Period, err)
	}
	return nil
}

const sealedColumns = "period, revision, from_time, to_time, zone, hash, totals, method, billable, cut_parts, cut_offsets, " +
	"policies, lines, overridden, who, sealed"

// ReadSealed reads the revisions of a period in order.
func ReadSealed(ctx context.Context, conn driver.Conn, db, period string) ([]Sealed, error) {
	return readSealed(ctx, conn, db, " WHERE period = @period", clickhouse.Named("period", period))
}

// ReadAllSealed reads every revision of every period, the latest period first.
func ReadAllSealed(ctx context.Context, conn driver.Conn, db string) ([]Sealed, error) {
	return readSealed(ctx, conn, db, "")
}

func readSealed(ctx context.Context, conn driver.Conn, db, where string, args ...any) ([]Sealed, error) {
	rows, err := conn.Query(ctx, "SELECT "+sealedColumns+" FROM "+Quote(db)+".sealed"+where+
		" ORDER BY to_time DESC, period, revision", args...)
	if err != nil {
		return nil, fmt.Errorf("read sealed periods: %w", err)
	}
	defer rows.Close()
	var found []Sealed
	for rows.Next() {
		s := Sealed{Cuts: map[event.SrcPart]uint64{}}
		var parts []uint32
		var offsets []uint64
		err := rows.Scan(&s.Period, &s.Revision, &s.From, &s.To, &s.Zone, &s.Hash, &s.Totals, &s.Method, &s.Billable, &parts, &offsets,
			&s.Policies, &s.Lines, &s.Overridden, &s.Who, &s.At)
		if err != nil {
			return nil, fmt.Errorf("read sealed periods: %w", err)
		}
		for i, part := range parts {
			s.Cuts[event.SrcPart(part)] = offsets[i]
		}
		found = append(found, s)
	}
	return found, rows.Err()
}

// ReadSealedLines reads the lines of a content in the order of their keys.
func ReadSealedLines(ctx context.Context, conn driver.Conn, db, hash string) ([]BillLine, error) {
	rows, err := conn.Query(ctx, `SELECT advertiser_id, campaign_id, ad_id, publisher_id, currency, clicks, micros, clicks_test, clicks_closed
		FROM `+Quote(db)+`.sealed_lines FINAL WHERE hash = @hash ORDER BY advertiser_id, campaign_id, ad_id, publisher_id, currency`,
		clickhouse.Named("hash", hash))
	if err != nil {
		return nil, fmt.Errorf("read the lines of a bill: %w", err)
	}
	defer rows.Close()
	var lines []BillLine
	for rows.Next() {
		var line BillLine
		var clicks []uint64
		var micros []*big.Int
		var test, closed uint64
		if err := rows.Scan(&line.Advertiser, &line.Campaign, &line.Ad, &line.Publisher, &line.Currency, &clicks, &micros, &test, &closed); err != nil {
			return nil, fmt.Errorf("read the lines of a bill: %w", err)
		}
		if err := line.fill(clicks, micros, test, closed); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}
