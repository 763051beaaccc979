package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// figures is the comparison of what was acknowledged with what is counted.
type figures struct {
	acked     int
	lost      int // acknowledged and not in raw, in raw and not in the minute rows, copies not told as such
	double    int // counted beyond the distinct events, copies told that are none, own ids given twice
	misbilled int // (campaign, currency, status) whose money is not what the auditor's prices give
	live      int // (campaign, column) in which the live view differs
	unacked   int // counted although nobody was answered
	dirty     int // minutes that manifests call dirty, although all is counted
	named     []string
}

func (f *figures) clean() bool {
	return f.lost == 0 && f.double == 0 && f.misbilled == 0 && f.live == 0
}

// maxNamed bounds the differences that are named.
const maxNamed = 8

func (f *figures) name(format string, args ...any) {
	if len(f.named) < maxNamed {
		f.named = append(f.named, fmt.Sprintf(format, args...))
	}
}

// less is what came since before: a difference is laid to the fault during which it arose.
func (f figures) less(before figures) figures {
	f.acked -= before.acked
	f.lost -= before.lost
	f.double -= before.double
	f.misbilled -= before.misbilled
	f.unacked -= before.unacked
	return f
}

// compare is the comparison itself.
func compare(entries map[string]entry, twice int, raw []rawEvent, minutes minuteFigures) figures {
	f := figures{acked: len(entries), double: twice}
	if twice > 0 {
		f.name("%d own ids were handed out twice", twice)
	}
	expected := map[place]int64{}
	money := map[purse]int64{}
	seen := make(map[string]bool, len(raw))
	var copies int64
	for i := range raw {
		e := &raw[i]
		seen[e.key] = true
		copies += int64(e.offsets) - 1
		expected[place{e.campaign, e.minute, e.column}]++
		promised, acked := entries[e.key]
		if !acked {
			f.unacked++
		}
		f.charge(money, e, promised, acked)
	}
	for key, e := range entries {
		if !seen[key] {
			f.lost++
			f.name("%s of campaign %q (%s) was acknowledged at %s and is not in the raw events", key, e.Campaign, e.Column, time.UnixMilli(e.At).UTC().Format(time.StampMilli))
		}
	}
	f.compareCounts(expected, minutes.counts)
	f.compareMoney(money, minutes.spend)
	if d := minutes.duplicates - copies; d > 0 {
		f.double += int(d)
		f.name("the minute rows tell %d copies and the log holds %d", minutes.duplicates, copies)
	} else if d < 0 {
		f.lost -= int(d)
		f.name("the minute rows tell %d copies and the log holds %d", minutes.duplicates, copies)
	}
	return f
}

// charge adds what a raw click must cost. For an acknowledged one the auditor's own prices and verdict
// count; one that nobody was told of must at least bear a price of its campaign.
func (f *figures) charge(money map[purse]int64, e *rawEvent, promised entry, acked bool) {
	if promised.Open && e.column == "clicks_suspicious" {
		promised.Column = e.column
	}
	if acked && (promised.Column != e.column || promised.Campaign != e.campaign) {
		f.misbilled++
		f.name("%s is counted as %s of %q, the auditor expects %s of %q", e.key, e.column, e.campaign, promised.Column, promised.Campaign)
	}
	if !e.routedClick {
		return
	}
	micros, currency := e.micros, e.currency
	if acked {
		micros, currency = promised.Micros, promised.Currency
	} else if !slices.ContainsFunc(ads, func(a ad) bool {
		return a.campaign == e.campaign && a.micros == micros && a.currency == currency
	}) {
		f.misbilled++
		f.name("%s costs %d micros of %q, which campaign %q never pays", e.key, micros, currency, e.campaign)
	}
	if micros != 0 {
		money[purse{e.campaign, currency, e.column[len("clicks_"):]}] += micros
	}
}

func (f *figures) compareCounts(expected, counted map[place]int64) {
	for _, p := range union(expected, counted) {
		want, got := expected[p], counted[p]
		if want == got {
			continue
		}
		if want > got {
			f.lost += int(want - got)
		} else {
			f.double += int(got - want)
		}
		f.name("%s of campaign %q in %s: %d distinct raw events, %d in the minute rows", p.column, p.campaign, time.Unix(p.minute, 0).UTC().Format(time.RFC3339), want, got)
	}
}

func (f *figures) compareMoney(expected, counted map[purse]int64) {
	for _, p := range union(expected, counted) {
		if expected[p] != counted[p] {
			f.misbilled++
			f.name("%s clicks of campaign %q: %d micros of %s by the auditor's prices, %d in the minute rows", p.status, p.campaign, expected[p], p.currency, counted[p])
		}
	}
}

func union[K comparable](a, b map[K]int64) []K {
	keys := make([]K, 0, len(a))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(x, y K) int { return cmp.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
	return keys
}

// compareLive holds the live view against the distinct raw events of the same minutes.
func (f *figures) compareLive(ctx context.Context, queryAddr string, raw []rawEvent) error {
	for _, campaign := range []string{"", "spring", "cities", trialCampaign} {
		live, err := readLive(ctx, queryAddr, campaign)
		if err != nil {
			return err
		}
		expected, spend := map[string]int64{}, map[string]int64{}
		for i := range raw {
			e := &raw[i]
			if e.campaign != campaign || e.minute < live.from || e.minute >= live.to {
				continue
			}
			expected[e.column]++
			if e.routedClick && e.column != "clicks_fraudulent" && e.micros != 0 {
				spend[e.currency] += e.micros
			}
		}
		for column, got := range live.counts {
			if got != expected[column] {
				f.live++
				f.name("live view, %s of campaign %q: %d, and %d distinct raw events", column, campaign, got, expected[column])
			}
		}
		for _, currency := range union(spend, live.spend) {
			if spend[currency] != live.spend[currency] {
				f.live++
				f.name("live view, spend of campaign %q: %d micros of %s, and %d by raw events", campaign, live.spend[currency], currency, spend[currency])
			}
		}
	}
	return nil
}
