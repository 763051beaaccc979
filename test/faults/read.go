package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// The statements of this file are the harness's own, except for which minute rows a reader uses.

// rawEvent is one distinct event of the raw table; distinct by what the caller stated, not by the
// identity that the loader computed.
type rawEvent struct {
	key, campaign, column string
	minute                int64
	micros                int64
	currency              string
	routedClick           bool
	offsets               uint64 // places in the log
}

func readRaw(ctx context.Context, st *stores, db string) ([]rawEvent, error) {
	rows, err := st.history.Query(ctx, `
		SELECT origin = 'Own' AS own, event_id, toUnixTimestamp64Milli(timestamp) AS at, campaign_id, ad_id, event_type,
			toInt64(toUnixTimestamp(minute)), argMin(disposition, src_off), argMin(status, src_off), argMin(price_micros, src_off),
			argMin(price_currency, src_off), uniqExact(src_part, src_off)
		FROM `+store.Quote(db)+`.events GROUP BY own, event_id, at, campaign_id, ad_id, event_type, minute`)
	if err != nil {
		return nil, fmt.Errorf("read raw events: %w", err)
	}
	defer rows.Close()
	var all []rawEvent
	for rows.Next() {
		var own bool
		var e rawEvent
		var id, ad, typ, disposition, status string
		var at int64
		if err := rows.Scan(&own, &id, &at, &e.campaign, &ad, &typ, &e.minute, &disposition, &status, &e.micros, &e.currency, &e.offsets); err != nil {
			return nil, fmt.Errorf("read raw events: %w", err)
		}
		e.key = id
		if !own {
			e.key = fmt.Sprintf("%s@%d", id, at)
		}
		if disposition == "Orphan" {
			e.campaign = ""
		}
		e.column = columnOf(typ, disposition, status)
		e.routedClick = typ == "click" && disposition == "Routed"
		all = append(all, e)
	}
	return all, rows.Err()
}

// columnOf is the column of the minute rows that counts an event (design 6.4, 8).
func columnOf(typ, disposition, status string) string {
	switch {
	case typ != "click":
		return typ + "s"
	case disposition == "Test":
		return "clicks_test"
	case disposition == "Closed":
		return "clicks_closed"
	case status == "Suspicious" || status == "Fraudulent":
		return "clicks_" + strings.ToLower(status)
	}
	return "clicks_valid"
}

// columns are those of the minute rows that the harness compares.
var columns = []string{
	"impressions", "page_views", "conversions", "clicks_valid", "clicks_suspicious", "clicks_fraudulent", "clicks_test", "clicks_closed",
}

// place is where an event counts.
type place struct {
	campaign string
	minute   int64
	column   string
}

// purse is whose money.
type purse struct{ campaign, currency, status string }

// minuteFigures are the minute rows as readers see them.
type minuteFigures struct {
	counts     map[place]int64
	spend      map[purse]int64
	duplicates int64
}

func readMinutes(ctx context.Context, st *stores, db string) (minuteFigures, error) {
	f := minuteFigures{counts: map[place]int64{}, spend: map[purse]int64{}}
	sums := make([]string, len(columns))
	for i, column := range columns {
		sums[i] = "toInt64(sum(" + column + "))"
	}
	rows, err := st.history.Query(ctx, `
		SELECT campaign_id, toInt64(toUnixTimestamp(minute)) AS m, price_currency, toInt64(sum(duplicates)),
			sum(spend_valid), sum(spend_suspicious), sum(spend_fraudulent), `+strings.Join(sums, ", ")+`
		FROM `+store.MinutesAtMarks(db, time.Time{}, time.Time{})+` GROUP BY campaign_id, m, price_currency`)
	if err != nil {
		return f, fmt.Errorf("read minute rows: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var campaign, currency string
		var minute, duplicates, valid, suspicious, fraudulent int64
		counts := make([]int64, len(columns))
		to := []any{&campaign, &minute, &currency, &duplicates, &valid, &suspicious, &fraudulent}
		for i := range counts {
			to = append(to, &counts[i])
		}
		if err := rows.Scan(to...); err != nil {
			return f, fmt.Errorf("read minute rows: %w", err)
		}
		f.duplicates += duplicates
		for i, n := range counts {
			if n != 0 {
				f.counts[place{campaign, minute, columns[i]}] += n
			}
		}
		for status, n := range map[string]int64{"valid": valid, "suspicious": suspicious, "fraudulent": fraudulent} {
			if n != 0 {
				f.spend[purse{campaign, currency, status}] += n
			}
		}
	}
	return f, rows.Err()
}

// loaded is the end of the contiguous run of manifests per partition.
func loaded(ctx context.Context, st *stores, db string) (map[int32]int64, error) {
	rows, err := st.history.Query(ctx, "SELECT toInt64(src_part), toInt64(from_off), toInt64(to_off) FROM "+store.Quote(db)+
		".manifests FINAL ORDER BY src_part, from_off, to_off")
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	defer rows.Close()
	ends := map[int32]int64{}
	for rows.Next() {
		var part, from, to int64
		if err := rows.Scan(&part, &from, &to); err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		if p := int32(part & 0xffff); from <= ends[p] {
			ends[p] = max(ends[p], to)
		}
	}
	return ends, rows.Err()
}

// waiting counts the minutes that hold a raw event which their mark does not cover, and those that the
// manifests alone call dirty: one that a zombie wrote over what its successor had loaded otherwise says so
// until a worker looks again, although every event of the minute is counted.
func waiting(ctx context.Context, st *stores, db string) (uncounted, dirty uint64, err error) {
	err = st.history.QueryRow(ctx, `
		SELECT countIf(t.last >= k.cut), countIf(t.touched > k.cut) FROM (
			SELECT src_part, minute, max(touched) AS touched, max(last) AS last FROM (
				SELECT src_part, minute, max(to_off) AS touched, 0 AS last FROM `+store.Quote(db)+`.manifests ARRAY JOIN minutes AS minute GROUP BY src_part, minute
				UNION ALL
				SELECT src_part, minute, 0 AS touched, max(src_off) AS last FROM `+store.Quote(db)+`.events GROUP BY src_part, minute
			) GROUP BY src_part, minute) AS t
			LEFT JOIN (SELECT src_part, minute, bitAnd(max(ver), 281474976710655) AS cut FROM `+store.Quote(db)+`.marks GROUP BY src_part, minute) AS k
			ON t.src_part = k.src_part AND t.minute = k.minute`).Scan(&uncounted, &dirty)
	if err != nil {
		return 0, 0, fmt.Errorf("count the minutes that wait: %w", err)
	}
	return uncounted, dirty, nil
}

// logEnds are the ends of the event partitions.
func logEnds(ctx context.Context, st *stores, topic string) (map[int32]int64, error) {
	offsets, err := st.admin.ListEndOffsets(ctx, topic)
	if err == nil {
		err = offsets.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("read the ends of the log: %w", err)
	}
	ends := map[int32]int64{}
	for partition, o := range offsets[topic] {
		ends[partition] = o.Offset
	}
	return ends, nil
}

// liveWindow is how far back the live view is compared.
const liveWindow = 60 * time.Minute

// liveFigures is the live view of one campaign over [from, to).
type liveFigures struct {
	from, to int64
	counts   map[string]int64
	spend    map[string]int64 // valid and suspicious, by currency
}

func readLive(ctx context.Context, queryAddr, campaign string) (liveFigures, error) {
	var a struct {
		From, To    time.Time
		Impressions int64             `json:"impressions"`
		Clicks      map[string]int64  `json:"clicks"`
		Views       int64             `json:"lp_views"`
		Spend       []event.MoneyText `json:"spend"`
	}
	f := liveFigures{spend: map[string]int64{}}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	query := url.Values{"campaign_id": {campaign}, "window_minutes": {strconv.Itoa(int(liveWindow / time.Minute))}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+queryAddr+"/v1/stats/realtime?"+query.Encode(), nil)
	if err != nil {
		return f, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return f, fmt.Errorf("read the live view: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return f, fmt.Errorf("read the live view: %s", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		return f, fmt.Errorf("read the live view: %w", err)
	}
	f.from, f.to = a.From.Unix(), a.To.Unix()
	f.counts = map[string]int64{"impressions": a.Impressions, "page_views": a.Views}
	for _, status := range []string{"valid", "suspicious", "fraudulent", "test", "closed"} {
		f.counts["clicks_"+status] = a.Clicks[status]
	}
	for _, m := range a.Spend {
		micros, err := m.Micros()
		if err != nil {
			return f, fmt.Errorf("read the live view: %w", err)
		}
		f.spend[m.Currency] += micros
	}
	return f, nil
}
