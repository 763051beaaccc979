package query

import (
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// eventRow is one raw event as a reader sees it: what came in and what was decided. Values that were not
// stated are left out.
type eventRow struct {
	EventID          string   `json:"event_id"`
	EventType        string   `json:"event_type"`
	Origin           string   `json:"origin"`
	Timestamp        string   `json:"timestamp"`
	CampaignID       string   `json:"campaign_id,omitempty"`
	AdvertiserID     string   `json:"advertiser_id,omitempty"`
	AdID             string   `json:"ad_id,omitempty"`
	PublisherID      string   `json:"publisher_id,omitempty"`
	TsID             string   `json:"ts_id,omitempty"`
	Tracker          string   `json:"tracker,omitempty"`
	Caller           string   `json:"caller,omitempty"`
	UserID           string   `json:"user_id,omitempty"`
	DeviceID         string   `json:"device_id,omitempty"`
	IPAddress        string   `json:"ip_address,omitempty"`
	UserAgent        string   `json:"user_agent,omitempty"`
	DeviceType       string   `json:"device_type,omitempty"`
	OS               string   `json:"os,omitempty"`
	Browser          string   `json:"browser,omitempty"`
	Language         string   `json:"language,omitempty"`
	Country          string   `json:"country,omitempty"`
	Region           string   `json:"region,omitempty"`
	City             string   `json:"city,omitempty"`
	Referer          string   `json:"referer,omitempty"`
	Source           string   `json:"source,omitempty"`
	Metadata         string   `json:"metadata,omitempty"`
	ClickPosition    uint32   `json:"click_position,omitempty"`
	LPID             string   `json:"lp_id,omitempty"`
	OfferID          string   `json:"offer_id,omitempty"`
	ExternalID       string   `json:"external_id,omitempty"`
	Subs             []string `json:"subs,omitempty"`
	ClickID          string   `json:"click_id,omitempty"`
	TxID             string   `json:"txid,omitempty"`
	ConversionKind   string   `json:"conversion_kind,omitempty"`
	ConversionStatus string   `json:"conversion_status,omitempty"`
	Disposition      string   `json:"disposition,omitempty"`
	ClosedReason     string   `json:"closed_reason,omitempty"`
	Rule             string   `json:"rule,omitempty"`
	Destination      string   `json:"destination,omitempty"`
	Status           string   `json:"status,omitempty"`
	Score            uint8    `json:"score"`
	Reasons          []string `json:"reasons,omitempty"`
	Price            *amount  `json:"price,omitempty"`
	Cost             *amount  `json:"cost,omitempty"`
	Revenue          *amount  `json:"revenue,omitempty"`
	Duplicates       uint64   `json:"duplicates"`

	at                       time.Time
	part                     uint32
	minute                   time.Time
	offset                   uint64
	price, cost, revenue     int64
	priceIn, costIn, revenIn string
}

// eventColumns are the columns of `events` that fields reads, in its order.
const eventColumns = `event_id, event_type, origin, timestamp, campaign_id, advertiser_id, ad_id, publisher_id, ts_id,
  tracker, caller, user_id, device_id, ip_address, user_agent, device_type, os, browser, language, country, region, city,
  referer, source, metadata, click_position, lp_id, offer_id, external_id, subs, click_id, txid, conversion_kind,
  conversion_status, disposition, closed_reason, rule, destination, status, score, reasons,
  price_micros, price_currency, cost_micros, cost_currency, revenue_micros, revenue_currency, src_part, minute, src_off`

func (e *eventRow) fields() []any {
	return []any{
		&e.EventID, &e.EventType, &e.Origin, &e.at, &e.CampaignID, &e.AdvertiserID, &e.AdID, &e.PublisherID, &e.TsID,
		&e.Tracker, &e.Caller, &e.UserID, &e.DeviceID, &e.IPAddress, &e.UserAgent, &e.DeviceType, &e.OS, &e.Browser,
		&e.Language, &e.Country, &e.Region, &e.City, &e.Referer, &e.Source, &e.Metadata, &e.ClickPosition, &e.LPID,
		&e.OfferID, &e.ExternalID, &e.Subs, &e.ClickID, &e.TxID, &e.ConversionKind, &e.ConversionStatus,
		&e.Disposition, &e.ClosedReason, &e.Rule, &e.Destination, &e.Status, &e.Score, &e.Reasons,
		&e.price, &e.priceIn, &e.cost, &e.costIn, &e.revenue, &e.revenIn, &e.part, &e.minute, &e.offset,
	}
}

// scanEvent reads eventColumns and then the further columns. An address is personal: it stays out
// unless it was asked for.
func scanEvent(rows driver.Rows, e *eventRow, addresses bool, further ...any) error {
	if err := rows.Scan(append(e.fields(), further...)...); err != nil {
		return fmt.Errorf("read a raw event: %w", err)
	}
	if !addresses {
		e.IPAddress = ""
	}
	e.Timestamp = millis(e.at)
	e.Price, e.Cost, e.Revenue = money(e.price, e.priceIn), money(e.cost, e.costIn), money(e.revenue, e.revenIn)
	return nil
}

func money(micros int64, currency string) *amount {
	if currency == "" {
		return nil
	}
	return &amount{event.FormatMicros(micros), currency}
}

// millis writes a moment in UTC with three decimals, as events have it.
func millis(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
