package store

import (
	"context"
	_ "embed"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// Bucket divides the clicks of a bill by status and, where they are invalid, by class.
type Bucket int

// Buckets, in the order of the arrays of table sealed_lines.
const (
	Valid Bucket = iota
	SuspiciousGeneral
	SuspiciousSophisticated
	FraudulentGeneral
	FraudulentSophisticated
	Buckets int = iota
)

// BillKey is what one line of a bill is about. Ad and Publisher are those that the campaign names; what
// a visitor states is event.FoldedValue.
type BillKey struct{ Advertiser, Campaign, Ad, Publisher, Currency string }

// BillLine counts clicks and money of one key by bucket. In an adjustment all may be negative.
type BillLine struct {
	BillKey
	Clicks       [Buckets]int64
	Micros       [Buckets]*big.Int // of Currency, never nil
	Test, Closed int64             // clicks that are never billed
}

// BillPart is the answer to one SelectBill.
type BillPart struct {
	Lines    []BillLine
	Policies map[string]struct{} // digests, hex
}

//go:embed bill.sql
var billSQL string

// billColumns are those that a bill is made of; an archive is read no further.
const billColumns = `src_part, minute, src_off, identity, advertiser_id, campaign_id, ad_id, publisher_id, named,
	disposition, status, reasons, reason_points, price_micros, price_currency, policy_digest`

// BillQuery says what of raw one part of a bill counts.
type BillQuery struct {
	// Source is a table expression with the columns of table events: RawEvents or an archive.
	Source   string
	From, To time.Time // event minutes, To is not included
	Cuts     map[event.SrcPart]uint64
	// General are the reason codes of general invalid traffic.
	General []string
}

// RawEvents is table events, each offset once, for a BillQuery.
func RawEvents(db string) string { return Quote(db) + ".events FINAL" }

// SelectBill counts one part of a bill.
func SelectBill(ctx context.Context, conn driver.Conn, q *BillQuery) (*BillPart, error) {
	rows, err := conn.Query(ctx, q.text())
	if err != nil {
		return nil, fmt.Errorf("count raw for a bill: %w", err)
	}
	defer rows.Close()
	part := &BillPart{Policies: map[string]struct{}{}}
	for rows.Next() {
		var line BillLine
		var clicks []uint64
		var micros []*big.Int
		var test, closed uint64
		var policies []string
		if err := rows.Scan(&line.Advertiser, &line.Campaign, &line.Ad, &line.Publisher, &line.Currency, &clicks, &micros, &test, &closed, &policies); err != nil {
			return nil, fmt.Errorf("count raw for a bill: %w", err)
		}
		if err := line.fill(clicks, micros, test, closed); err != nil {
			return nil, err
		}
		for _, digest := range policies {
			if digest != "" {
				part.Policies[digest] = struct{}{}
			}
		}
		part.Lines = append(part.Lines, line)
	}
	return part, rows.Err()
}

func (q *BillQuery) text() string {
	var parts, cuts []string
	for part, cut := range q.Cuts {
		parts = append(parts, "toUInt32("+strconv.FormatUint(uint64(part), 10)+")")
		cuts = append(cuts, "toUInt64("+strconv.FormatUint(cut, 10)+")")
	}
	general := make([]string, len(q.General))
	for i, reason := range q.General {
		general[i] = quoteText(reason)
	}
	return strings.NewReplacer(
		"{source}", q.Source, "{columns}", billColumns, "{from}", instant(q.From), "{to}", instant(q.To),
		"{parts}", strings.Join(parts, ", "), "{cuts}", strings.Join(cuts, ", "),
		"{general}", strings.Join(general, ", "), "{other}", quoteText(event.FoldedValue),
	).Replace(billSQL)
}

func (l *BillLine) fill(clicks []uint64, micros []*big.Int, test, closed uint64) error {
	if len(clicks) != Buckets || len(micros) != Buckets {
		return fmt.Errorf("a line of a bill has %d counts and %d amounts, not %d", len(clicks), len(micros), Buckets)
	}
	for i := range Buckets {
		l.Clicks[i], l.Micros[i] = int64(clicks[i]), micros[i]
	}
	l.Test, l.Closed = int64(test), int64(closed)
	return nil
}

// SelectRawPerHour yields hour (DateTime) and how many raw rows of parts it has, in order, for hours that have any.
func SelectRawPerHour(db string, parts []event.SrcPart, from, to time.Time) string {
	return "SELECT toStartOfHour(minute) AS h, count() FROM " + Quote(db) + ".events WHERE " + timeRange("minute", from, to) +
		" AND src_part IN (" + partList(parts) + ") GROUP BY h ORDER BY h"
}
