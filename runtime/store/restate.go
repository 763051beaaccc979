package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/clicktally/clicktally/runtime/event"
)

// Restatement is one run of a restate (table restatements).
type Restatement struct {
	ID                uuid.UUID
	Epoch             uint16 // 0 while it is being raised
	From, To          time.Time
	Campaign          string // whose minutes; empty for all
	Reason, By        string
	Started, Finished time.Time // Finished is zero while it runs
	Minutes           uint64
	Before, After     *Counts
	Written           time.Time
}

// InsertRestatement writes the state of a restatement; the last one written counts.
func InsertRestatement(ctx context.Context, conn driver.Conn, db string, r Restatement) error {
	return insert(ctx, conn, db, "restatements", restatementColumns, []Restatement{r})
}

var restatementColumns = []column[Restatement]{
	col("id", func(r *Restatement) uuid.UUID { return r.ID }),
	col("epoch", func(r *Restatement) uint16 { return r.Epoch }),
	col("from_time", func(r *Restatement) int64 { return r.From.Unix() }),
	col("to_time", func(r *Restatement) int64 { return r.To.Unix() }),
	col("campaign_id", func(r *Restatement) string { return r.Campaign }),
	col("reason", func(r *Restatement) string { return r.Reason }),
	col("who", func(r *Restatement) string { return r.By }),
	col("started", func(r *Restatement) int64 { return r.Started.UnixMilli() }),
	col("finished", func(r *Restatement) int64 { return max(0, r.Finished.UnixMilli()) }),
	col("minutes", func(r *Restatement) uint64 { return r.Minutes }),
	col("before", func(r *Restatement) map[string]int64 { return r.Before.Figures() }),
	col("after", func(r *Restatement) map[string]int64 { return r.After.Figures() }),
	col("written", func(r *Restatement) int64 { return r.Written.UnixMilli() }),
}

// countNames are the columns of table minutes in the order of Counts.fields.
var countNames = [12]string{
	"impressions", "page_views", "click_throughs", "bounces", "conversions",
	"clicks_valid", "clicks_suspicious", "clicks_fraudulent", "clicks_test", "clicks_closed",
	"clicks_duplicate", "duplicates",
}

// Figures are the counts by the names of their columns, zeros left out; money, in micros, by column
// and currency: `spend_valid USD`.
func (c *Counts) Figures() map[string]int64 {
	figures := map[string]int64{}
	if c == nil {
		return figures
	}
	set := func(name string, value int64) {
		if value != 0 {
			figures[name] = value
		}
	}
	for i, field := range c.fields() {
		set(countNames[i], int64(*field))
	}
	for _, m := range c.Money {
		set("spend_valid "+m.Currency, m.SpendValid)
		set("spend_suspicious "+m.Currency, m.SpendSuspicious)
		set("spend_fraudulent "+m.Currency, m.SpendFraudulent)
		set("cost "+m.Currency, m.Cost)
	}
	return figures
}

// MinutesWithin lists the minutes of [from, to) that a manifest touches or a mark names, oldest first,
// as cuts without an offset; with a campaign only those in which it has raw events or minute rows.
func MinutesWithin(ctx context.Context, conn driver.Conn, db string, from, to time.Time, campaign string) ([]Cut, error) {
	query := "SELECT DISTINCT src_part, toInt64(toUnixTimestamp(minute)) AS at FROM (" +
		" SELECT src_part, m AS minute FROM {db}.manifests ARRAY JOIN minutes AS m WHERE " + timeRange("m", from, to) +
		" UNION ALL SELECT src_part, minute FROM {db}.marks WHERE " + timeRange("minute", from, to) + ")"
	if campaign != "" {
		theirs := timeRange("minute", from, to) + " AND campaign_id = " + quoteText(campaign)
		query += " WHERE (src_part, minute) IN (SELECT src_part, minute FROM {db}.minutes WHERE " + theirs +
			" UNION ALL SELECT src_part, minute FROM {db}.events WHERE " + theirs + ")"
	}
	var cuts []Cut
	err := each(ctx, conn, query+" ORDER BY at, src_part", db, "", func(scan func(...any) error) error {
		var part uint32
		var minute int64
		if err := scan(&part, &minute); err != nil {
			return err
		}
		cuts = append(cuts, Cut{SrcPart: event.SrcPart(part), Minute: minute})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list minutes: %w", err)
	}
	return cuts, nil
}

// quoteText is a ClickHouse string.
func quoteText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// CountsAtMarks sums what readers see of the minutes of cuts, by campaign.
func CountsAtMarks(ctx context.Context, conn driver.Conn, db string, cuts []Cut) (map[string]*Counts, error) {
	from, to := spanOf(cuts)
	return countsBy(ctx, conn, MinutesAtMarks(db, from, to)+" WHERE (src_part, minute) IN ("+keyList(cuts)+")")
}

// CountsRestated sums what a restate of cuts would write, by campaign.
func CountsRestated(ctx context.Context, conn driver.Conn, db string, stated int, cuts []Cut) (map[string]*Counts, error) {
	return countsBy(ctx, conn, "("+RestatedMinutes(db, 0, stated, cuts)+")")
}

// countsBy sums minute rows by campaign.
func countsBy(ctx context.Context, conn driver.Conn, source string) (map[string]*Counts, error) {
	var sums strings.Builder
	for _, name := range countNames {
		sums.WriteString(", toUInt64(sum(" + name + "))")
	}
	rows, err := conn.Query(ctx, "SELECT campaign_id, price_currency, cost_currency"+sums.String()+
		", toInt64(sum(spend_valid)), toInt64(sum(spend_suspicious)), toInt64(sum(spend_fraudulent)), toInt64(sum(cost)) FROM "+source+
		" GROUP BY campaign_id, price_currency, cost_currency"+zeroesInJoins)
	if err != nil {
		return nil, fmt.Errorf("sum minutes: %w", err)
	}
	defer rows.Close()
	found := map[string]*Counts{}
	for rows.Next() {
		var campaign, priceCurrency, costCurrency string
		var one Counts
		var spend Money
		to := []any{&campaign, &priceCurrency, &costCurrency}
		for _, field := range one.fields() {
			to = append(to, field)
		}
		if err := rows.Scan(append(to, &spend.SpendValid, &spend.SpendSuspicious, &spend.SpendFraudulent, &spend.Cost)...); err != nil {
			return nil, fmt.Errorf("sum minutes: %w", err)
		}
		one.Spend(priceCurrency, costCurrency, spend)
		if found[campaign] == nil {
			found[campaign] = &Counts{}
		}
		found[campaign].Add(&one)
	}
	return found, rows.Err()
}

func spanOf(cuts []Cut) (from, to time.Time) {
	first, last := cuts[0].Minute, cuts[0].Minute
	for _, c := range cuts {
		first, last = min(first, c.Minute), max(last, c.Minute)
	}
	return time.Unix(first, 0), time.Unix(last+60, 0)
}
