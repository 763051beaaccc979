package loadgen

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// Reader asks a ClickTally's query API for what it counted.
type Reader struct {
	// Base is the URL of the query API, like http://127.0.0.1:8081.
	Base string
	// Token is the reader's bearer token, empty where none is asked for.
	Token string
}

const (
	readTimeout = 60 * time.Second
	listPage    = 10_000
)

// counts is one campaign's figures, counted or expected.
type counts struct {
	impressions, views, bounces, throughs       int
	valid, suspicious, fraudulent, test, closed int
	duplicates                                  int // of clicks
	conversions                                 int
	spend                                       map[string]int64 // micros of valid and suspicious clicks by currency
}

func (c *counts) gross() int { return c.valid + c.suspicious + c.fraudulent }

func (c *counts) events() int {
	return c.impressions + c.views + c.bounces + c.gross() + c.test + c.closed + c.conversions
}

// less is what came since before.
func (c *counts) less(before *counts) *counts {
	if before == nil {
		return c
	}
	d := &counts{
		impressions: c.impressions - before.impressions, views: c.views - before.views, bounces: c.bounces - before.bounces, throughs: c.throughs - before.throughs,
		valid: c.valid - before.valid, suspicious: c.suspicious - before.suspicious, fraudulent: c.fraudulent - before.fraudulent,
		test: c.test - before.test, closed: c.closed - before.closed,
		duplicates: c.duplicates - before.duplicates, conversions: c.conversions - before.conversions,
		spend: map[string]int64{},
	}
	for currency, amount := range c.spend {
		d.spend[currency] = amount - before.spend[currency]
	}
	return d
}

// stats reads the counted figures of every campaign for event times in [from, to), whole minutes;
// orphans stand under the empty campaign.
func (r Reader) stats(ctx context.Context, from, to time.Time) (map[string]*counts, error) {
	var answer struct {
		Rows []struct {
			Campaign string `json:"campaign_id"`
			Clicks   struct {
				Valid, Suspicious, Fraudulent, Test, Closed, Duplicate int
			} `json:"clicks"`
			Impressions int               `json:"impressions"`
			Views       int               `json:"lp_views"`
			Bounces     int               `json:"bounces"`
			Throughs    int               `json:"lp_clicks"`
			Conversions map[string]int    `json:"conversions"`
			Spend       []event.MoneyText `json:"spend"`
		} `json:"rows"`
	}
	query := url.Values{"group_by": {"campaign_id"}, "granularity": {"total"}, "open": {"true"}}
	if err := r.get(ctx, "/v1/stats", span(query, from, to), &answer); err != nil {
		return nil, err
	}
	all := map[string]*counts{}
	for _, row := range answer.Rows {
		c := &counts{
			impressions: row.Impressions, views: row.Views, bounces: row.Bounces, throughs: row.Throughs,
			valid: row.Clicks.Valid, suspicious: row.Clicks.Suspicious, fraudulent: row.Clicks.Fraudulent,
			test: row.Clicks.Test, closed: row.Clicks.Closed, duplicates: row.Clicks.Duplicate, spend: map[string]int64{},
		}
		for _, n := range row.Conversions {
			c.conversions += n
		}
		for _, amount := range row.Spend {
			micros, err := amount.Micros()
			if err != nil {
				return nil, fmt.Errorf("spend of campaign %s: %w", row.Campaign, err)
			}
			c.spend[amount.Currency] += micros
		}
		all[row.Campaign] = c
	}
	return all, nil
}

// listed is one raw event as the query API lists it: each identity once.
type listed struct {
	EventID     string `json:"event_id"`
	EventType   string `json:"event_type"`
	Campaign    string `json:"campaign_id"`
	Disposition string `json:"disposition"`

	ClickID        string `json:"click_id"` // of the click that a conversion follows
	TxID           string `json:"txid"`
	ConversionKind string `json:"conversion_kind"`
}

// raw lists every distinct raw event with event time in [from, to).
func (r Reader) raw(ctx context.Context, from, to time.Time) ([]listed, error) {
	var all []listed
	for cursor := ""; ; {
		var page struct {
			Events []listed `json:"events"`
			Next   string   `json:"next_cursor"`
		}
		query := url.Values{"type": {"any"}, "limit": {strconv.Itoa(listPage)}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		if err := r.get(ctx, "/v1/clicks", span(query, from, to), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Events...)
		if page.Next == "" {
			return all, nil
		}
		cursor = page.Next
	}
}

func span(query url.Values, from, to time.Time) url.Values {
	query.Set("from", from.UTC().Format(time.RFC3339))
	query.Set("to", to.UTC().Format(time.RFC3339))
	return query
}

func (r Reader) get(ctx context.Context, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Base+path+"?"+query.Encode(), nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if r.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.Token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return fmt.Errorf("read %s: %s: %s", path, response.Status, text)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
