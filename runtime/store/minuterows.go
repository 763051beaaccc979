package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// MinuteRow is the part of a minute row that live entities are made of.
type MinuteRow struct {
	SrcPart                                              event.SrcPart
	Minute                                               int64 // unix seconds
	Ver                                                  uint64
	Campaign, Ad, Advertiser, Publisher, Source, Country string
	Counts                                               Counts
}

// Entities are those that the row counts for.
func (r *MinuteRow) Entities() [7]Entity {
	return EntitiesOf(r.Campaign, r.Ad, r.Advertiser, r.Publisher, r.Source, r.Country)
}

// EntitiesOf names the entities of one combination of counted values.
func EntitiesOf(campaign, ad, advertiser, publisher, source, country string) [7]Entity {
	return [7]Entity{
		{Kind: EntityAll},
		{EntityCampaign, campaign},
		{EntityAd, ad},
		{EntityAdvertiser, advertiser},
		{EntityPublisher, publisher},
		{EntitySource, source},
		{EntityCountry, country},
	}
}

// LiveWritesOf sums rows into the values of their entities, at the ver of the rows; those that are not
// wanted are left out.
func LiveWritesOf(rows []MinuteRow, wanted func(event.SrcPart, int64) bool) []LiveWrite {
	type place struct {
		part   event.SrcPart
		minute int64
		entity Entity
	}
	sums := map[place]*LiveWrite{}
	for i := range rows {
		row := &rows[i]
		if !wanted(row.SrcPart, row.Minute) {
			continue
		}
		for _, entity := range row.Entities() {
			at := place{row.SrcPart, row.Minute, entity}
			if sums[at] == nil {
				sums[at] = &LiveWrite{Minute: row.Minute, Entity: entity, SrcPart: row.SrcPart, Ver: row.Ver}
			}
			sums[at].Ver = max(sums[at].Ver, row.Ver) // what vanished stays at the ver of its restate
			sums[at].Counts.Add(&row.Counts)
		}
	}
	writes := make([]LiveWrite, 0, len(sums))
	for _, write := range sums {
		writes = append(writes, *write)
	}
	return writes
}

// ReadMinuteRows reads the rows of parts at their marks in [from, to).
func ReadMinuteRows(ctx context.Context, conn driver.Conn, db string, parts []event.SrcPart, from, to time.Time) ([]MinuteRow, error) {
	return readMinuteRows(ctx, conn, db, MinutesAtMarks(db, from, to), parts)
}

// ReadRestatedRows reads the last row of every key that was written under the epoch or a later one in
// [from, to), zeros too: what vanished stays at its restate's cut when a worker went on above it, and is at no mark.
func ReadRestatedRows(ctx context.Context, conn driver.Conn, db string, epoch uint16, parts []event.SrcPart, from, to time.Time) ([]MinuteRow, error) {
	return readMinuteRows(ctx, conn, db, "(SELECT * FROM "+Quote(db)+".minutes FINAL WHERE "+timeRange("minute", from, to)+
		" AND ver >= "+strconv.FormatUint(Ver(epoch, 0), 10)+")", parts)
}

func readMinuteRows(ctx context.Context, conn driver.Conn, db, source string, parts []event.SrcPart) ([]MinuteRow, error) {
	query := `SELECT src_part, toInt64(toUnixTimestamp(minute)), ver, campaign_id, ad_id, advertiser_id, publisher_id, ts_id, country,
		price_currency, cost_currency, impressions, page_views, click_throughs, bounces, conversions,
		clicks_valid, clicks_suspicious, clicks_fraudulent, clicks_test, clicks_closed, clicks_duplicate, duplicates,
		spend_valid, spend_suspicious, spend_fraudulent, cost
		FROM ` + source + ` WHERE src_part IN ({list})`
	var found []MinuteRow
	err := each(ctx, conn, query, db, partList(parts), func(scan func(...any) error) error {
		var r MinuteRow
		var part uint32
		var priceCurrency, costCurrency string
		var spend Money
		to := []any{&part, &r.Minute, &r.Ver, &r.Campaign, &r.Ad, &r.Advertiser, &r.Publisher, &r.Source, &r.Country, &priceCurrency, &costCurrency}
		for _, field := range r.Counts.fields() {
			to = append(to, field)
		}
		if err := scan(append(to, &spend.SpendValid, &spend.SpendSuspicious, &spend.SpendFraudulent, &spend.Cost)...); err != nil {
			return err
		}
		r.SrcPart = event.SrcPart(part)
		r.Counts.Spend(priceCurrency, costCurrency, spend)
		found = append(found, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read minute rows: %w", err)
	}
	return found, nil
}

// Spend adds the spend of m under one currency and its cost under another. Amounts without a
// currency are none.
func (c *Counts) Spend(priceCurrency, costCurrency string, m Money) {
	if priceCurrency != "" {
		to := c.In(priceCurrency)
		to.SpendValid += m.SpendValid
		to.SpendSuspicious += m.SpendSuspicious
		to.SpendFraudulent += m.SpendFraudulent
	}
	if costCurrency != "" {
		c.In(costCurrency).Cost += m.Cost
	}
}
