package oracle

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

var figureColumns = []string{
	"impressions", "page_views", "click_throughs", "bounces", "conversions", "clicks_valid", "clicks_suspicious",
	"clicks_fraudulent", "clicks_test", "clicks_closed", "clicks_duplicate", "duplicates",
	"spend_valid", "spend_suspicious", "spend_fraudulent", "cost",
}

// minuteRows reads what a reader sees at the marks.
func (r *rig) minuteRows() (map[Key]map[string]int64, error) {
	var figures []string
	for _, name := range figureColumns {
		figures = append(figures, "toInt64("+name+")")
	}
	rows, err := r.ch.Query(r.t.Context(), `SELECT toInt64(toUnixTimestamp(minute)), src_part, campaign_id, ad_id, publisher_id, ts_id,
		advertiser_id, country, region, device_type, price_currency, cost_currency, `+strings.Join(figures, ", ")+
		` FROM `+store.MinutesAtMarks(r.database, time.Time{}, time.Time{}))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[Key]map[string]int64{}
	for rows.Next() {
		var key Key
		var part uint32
		to := []any{&key.Minute, &part}
		for i := range key.Dims {
			to = append(to, &key.Dims[i])
		}
		values := make([]int64, len(figureColumns))
		for i := range values {
			to = append(to, &values[i])
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		key.SrcPart = event.SrcPart(part)
		if found[key] != nil {
			return nil, fmt.Errorf("a reader sees row %v twice", key)
		}
		found[key] = map[string]int64{}
		for i, name := range figureColumns {
			if values[i] != 0 {
				found[key][name] = values[i]
			}
		}
	}
	// A restate writes what vanished as zeros, which say what no row says.
	maps.DeleteFunc(found, func(_ Key, figures map[string]int64) bool { return len(figures) == 0 })
	return found, rows.Err()
}

// liveKey is a minute and an entity in Redis, summed over partitions.
type liveKey struct {
	Minute int64
	Entity store.Entity
}

// liveOf folds oracle rows into what Redis must hold.
func liveOf(rows map[Key]map[string]int64) map[liveKey]map[string]int64 {
	live := map[liveKey]map[string]int64{}
	for key, figures := range rows {
		d := key.Dims
		for _, entity := range []store.Entity{
			{Kind: "all"},
			{Kind: "campaign", ID: d[0]},
			{Kind: "ad", ID: d[1]},
			{Kind: "publisher", ID: d[2]},
			{Kind: "source", ID: d[3]},
			{Kind: "advertiser", ID: d[4]},
			{Kind: "country", ID: d[5]},
		} {
			at := liveKey{key.Minute, entity}
			if live[at] == nil {
				live[at] = map[string]int64{}
			}
			for name, value := range figures {
				switch {
				case strings.HasPrefix(name, "spend_") && value != 0:
					live[at][name+" "+d[8]] += value
				case name == "cost" && value != 0:
					live[at][name+" "+d[9]] += value
				case value != 0:
					live[at][name] += value
				}
			}
		}
	}
	return live
}

// liveCounts reads what Redis holds for the wanted keys, and fails when it holds others.
func (r *rig) liveCounts(want map[liveKey]map[string]int64) (map[liveKey]map[string]int64, error) {
	live := store.Live{Client: r.redis, Keys: store.LiveKeys{Prefix: r.topics.Prefix}}
	expected := map[string]bool{live.Keys.AsOf(): true}
	for shard := range store.LiveShards {
		expected[live.Keys.Marker(shard)] = true
	}
	found := map[liveKey]map[string]int64{}
	for at := range want {
		expected[live.Keys.Counts(at.Minute, at.Entity)] = true
		from := time.Unix(at.Minute, 0)
		c, err := live.Sum(r.t.Context(), at.Entity, from, from.Add(time.Minute))
		if err != nil {
			return nil, err
		}
		found[at] = figuresOf(&c)
	}
	keys, err := r.redis.Keys(r.t.Context(), r.topics.Prefix+":live:*").Result()
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if !expected[key] && !r.onlyZeros(key) {
			return nil, fmt.Errorf("redis holds %s (%v), which no event explains", key, r.redis.HGetAll(r.t.Context(), key).Val())
		}
	}
	return found, nil
}

// onlyZeros says whether every value of a key in Redis counts nothing.
func (r *rig) onlyZeros(key string) bool {
	values, err := r.redis.HVals(r.t.Context(), key).Result()
	for _, value := range values {
		_, counts, _ := strings.Cut(value, " ")
		if strings.ContainsAny(counts, "123456789") {
			return false
		}
	}
	return err == nil
}

func figuresOf(c *store.Counts) map[string]int64 {
	figures := map[string]int64{
		"impressions": int64(c.Impressions), "page_views": int64(c.PageViews), "click_throughs": int64(c.ClickThroughs),
		"bounces": int64(c.Bounces), "conversions": int64(c.Conversions), "clicks_valid": int64(c.ClicksValid),
		"clicks_suspicious": int64(c.ClicksSuspicious), "clicks_fraudulent": int64(c.ClicksFraudulent),
		"clicks_test": int64(c.ClicksTest), "clicks_closed": int64(c.ClicksClosed),
		"clicks_duplicate": int64(c.ClicksDuplicate), "duplicates": int64(c.Duplicates),
	}
	for _, m := range c.Money {
		figures["spend_valid "+m.Currency] = m.SpendValid
		figures["spend_suspicious "+m.Currency] = m.SpendSuspicious
		figures["spend_fraudulent "+m.Currency] = m.SpendFraudulent
		figures["cost "+m.Currency] = m.Cost
	}
	maps.DeleteFunc(figures, func(_ string, v int64) bool { return v == 0 })
	return figures
}

// compare says how the stores differ from the oracle, empty when they agree. A reader that sees more
// than the log holds is an error at any moment.
func (r *rig) compare() (diff string, err error) {
	want := Recount(r.records, statedBound)
	for _, figures := range want {
		maps.DeleteFunc(figures, func(_ string, v int64) bool { return v == 0 })
	}
	rows, err := r.minuteRows()
	if err != nil {
		return "", err
	}
	held := totals(want)
	for name, seen := range totals(rows) {
		if seen > held[name] {
			return "", fmt.Errorf("%s: a reader sees %d, the log holds %d", name, seen, held[name])
		}
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		return "minute rows at their marks (-oracle +ClickHouse):\n" + diff, nil
	}
	oldest := time.Now().Add(-store.LiveKept).Unix()
	maps.DeleteFunc(want, func(key Key, _ map[string]int64) bool { return key.Minute < oldest })
	live, err := r.liveCounts(liveOf(want))
	if err != nil {
		return "", err
	}
	if diff := cmp.Diff(liveOf(want), live); diff != "" {
		return "live counters (-oracle +Redis):\n" + diff, nil
	}
	return "", nil
}

func totals(rows map[Key]map[string]int64) map[string]int64 {
	sum := map[string]int64{}
	for _, figures := range rows {
		for name, value := range figures {
			sum[name] += value
		}
	}
	return sum
}

// agree waits until the stores agree with the oracle; on the way nothing may be counted twice.
func (r *rig) agree(within time.Duration) {
	r.t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	deadline := time.Now().Add(within)
	for {
		diff, err := r.compare()
		if err != nil {
			r.t.Fatal(err)
		}
		if diff == "" {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("after %v %s", within, diff)
		}
		<-again.C
	}
}

func equal(a, b map[liveKey]map[string]int64) bool { return cmp.Equal(a, b) }
