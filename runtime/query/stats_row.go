package query

import (
	"fmt"
	"math"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// clickCounts are clicks by what they count as. Gross is valid, suspicious and fraudulent; duplicates,
// test clicks and clicks of closed campaigns are apart from it and from each other.
type clickCounts struct {
	Gross      uint64 `json:"gross"`
	Valid      uint64 `json:"valid"`
	Suspicious uint64 `json:"suspicious"`
	Fraudulent uint64 `json:"fraudulent"`
	Invalid    uint64 `json:"invalid"`
	Duplicate  uint64 `json:"duplicate"`
	Test       uint64 `json:"test"`
	Closed     uint64 `json:"closed"`
}

func (c clickCounts) summed() clickCounts {
	c.Invalid = c.Suspicious + c.Fraudulent
	c.Gross = c.Valid + c.Invalid
	return c
}

// statsRow is one bucket and combination of dimensions. A dimension that is not grouped by is left out.
type statsRow struct {
	Time         string  `json:"time,omitempty"`
	CampaignID   *string `json:"campaign_id,omitempty"`
	AdID         *string `json:"ad_id,omitempty"`
	AdvertiserID *string `json:"advertiser_id,omitempty"`
	PublisherID  *string `json:"publisher_id,omitempty"`
	TsID         *string `json:"ts_id,omitempty"`
	Country      *string `json:"country,omitempty"`
	Region       *string `json:"region,omitempty"`
	DeviceType   *string `json:"device_type,omitempty"`
	figures
	Conversions    map[string]uint64 `json:"conversions"`
	ConversionRate float64           `json:"conversion_rate"`
	Revenue        []amount          `json:"revenue"`
	Profit         []amount          `json:"profit"`
}

// dimensionOf returns where a row keeps the value of a dimension.
func (row *statsRow) dimensionOf(name string) **string {
	return map[string]**string{
		"campaign_id": &row.CampaignID, "ad_id": &row.AdID, "advertiser_id": &row.AdvertiserID,
		"publisher_id": &row.PublisherID, "ts_id": &row.TsID, "country": &row.Country,
		"region": &row.Region, "device_type": &row.DeviceType,
	}[name]
}

// scanStats reads one row of statsStatement.
func scanStats(rows driver.Rows, r statsRequest) (statsRow, error) {
	var row statsRow
	var bucket uint32
	var spend, cost, revenue map[string]int64
	c := &row.Clicks
	into := []any{&bucket}
	for _, name := range r.groupBy {
		value := new(string)
		*row.dimensionOf(name) = value
		into = append(into, value)
	}
	into = append(into, &row.Impressions, &row.LPViews, &row.LPClicks, &row.Bounces, &c.Valid, &c.Suspicious, &c.Fraudulent,
		&c.Test, &c.Closed, &c.Duplicate, &spend, &cost, &row.Conversions, &revenue)
	if err := rows.Scan(into...); err != nil {
		return row, fmt.Errorf("read a row of stats: %w", err)
	}
	if r.granularity != "total" {
		row.Time = time.Unix(int64(bucket), 0).In(r.zone).Format(time.RFC3339)
	}
	row.Clicks = c.summed()
	row.CTR = ratio(row.Clicks.Gross, row.Impressions)
	row.ConversionRate = ratio(row.Conversions["Approved"]+row.Conversions["Pending"], row.Clicks.Gross)
	row.Spend, row.Cost, row.Revenue = amountsOf(spend), amountsOf(cost), amountsOf(revenue)
	row.Profit = amountsOf(less(revenue, cost))
	return row, nil
}

// ratio is a/b to six decimals, and 0 when there is no b.
func ratio(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return math.Round(float64(a)/float64(b)*1e6) / 1e6
}
