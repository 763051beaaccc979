package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// differences names each count that differs, per partition: its minutes, its key, its column, and
// both numbers over those minutes.
func differences(counts []Count) []Finding {
	var found []Finding
	var total uint64
	for i := range counts {
		for _, f := range counts[i].findings() {
			if total++; len(found) < maxFindings {
				found = append(found, f)
			}
		}
	}
	return bounded(found, total)
}

func (c *Count) findings() []Finding {
	byPart := map[uint32][]cell{}
	for _, at := range c.cells {
		byPart[at.part] = append(byPart[at.part], at)
	}
	var found []Finding
	for part, cells := range byPart {
		var raw, stored int64
		first, last := cells[0].minute, cells[0].minute
		for _, at := range cells {
			raw, stored = raw+at.raw, stored+at.stored
			first, last = min(first, at.minute), max(last, at.minute)
		}
		from, to := time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC().Add(time.Minute)
		found = append(found, Finding{
			Kind: CountsDiffer, Part: partName(part), From: &from, To: &to,
			Advertiser: &c.Advertiser, Campaign: &c.Campaign, Column: c.Column, Raw: &raw, Stored: &stored,
			Message: fmt.Sprintf("partition %s, %s to %s, advertiser %q, campaign %q: %s is %d in raw and %d in the minute rows (%d minutes differ)",
				partName(part), clock(from), clock(to), c.Advertiser, c.Campaign, c.Column, raw, stored, len(cells)),
		})
	}
	slices.SortFunc(found, func(a, b Finding) int { return cmp.Compare(a.Part, b.Part) })
	return found
}

// marksSQL finds marks whose rows are not there, or are not those it was written for. A mark below
// the rows is about to be replaced by one for them.
const marksSQL = `SELECT k.src_part, k.minute, k.ver, k.rows, k.events, r.n, r.events
	FROM (SELECT src_part, minute, ver, rows, events FROM {db}.marks FINAL WHERE src_part IN ({list}) AND minute >= {from} AND minute < {to}) AS k
	LEFT JOIN (
		SELECT src_part, minute, ver, count() AS n, sum(impressions + page_views + click_throughs + bounces + conversions
			+ clicks_valid + clicks_suspicious + clicks_fraudulent + clicks_test + clicks_closed) AS events
		FROM {db}.minutes FINAL WHERE src_part IN ({list}) AND minute >= {from} AND minute < {to} GROUP BY src_part, minute, ver) AS r
	ON k.src_part = r.src_part AND k.minute = r.minute AND k.ver = r.ver
	LEFT JOIN (
		SELECT src_part, minute, max(ver) AS ver FROM {db}.minutes WHERE src_part IN ({list}) AND minute >= {from} AND minute < {to}
		GROUP BY src_part, minute) AS top
	ON k.src_part = top.src_part AND k.minute = top.minute
	WHERE top.ver <= k.ver AND (r.n != k.rows OR r.events != k.events)
	ORDER BY k.src_part, k.minute SETTINGS join_use_nulls = 0`

type badMark struct {
	part   uint32
	minute int64
	ver    uint64
}

// checkMarks compares marks with their rows; what is wrong must be so each time it is looked at.
func (c *Config) checkMarks(ctx context.Context, p Period, parts []*Part) ([]Finding, error) {
	var lasting map[badMark]Finding
	for range looks {
		now, err := c.badMarks(ctx, p, parts)
		if err != nil {
			return nil, fmt.Errorf("compare marks with their rows: %w", err)
		}
		if lasting == nil {
			lasting = now
		}
		for at := range lasting {
			if _, still := now[at]; !still {
				delete(lasting, at)
			}
		}
		if len(lasting) == 0 {
			return nil, nil
		}
	}
	found := make([]Finding, 0, len(lasting))
	for _, f := range lasting {
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Part, b.Part), a.From.Compare(*b.From)) })
	return bounded(found[:min(len(found), maxFindings)], uint64(len(lasting))), nil
}

func (c *Config) badMarks(ctx context.Context, p Period, parts []*Part) (map[badMark]Finding, error) {
	found := map[badMark]Finding{}
	err := c.each(ctx, c.sql(marksSQL, p, "{list}", listOf(parts)), func(scan func(...any) error) error {
		var at badMark
		var minute time.Time
		var rows, events, hasRows, hasEvents uint64
		if err := scan(&at.part, &minute, &at.ver, &rows, &events, &hasRows, &hasEvents); err != nil {
			return err
		}
		minute = minute.UTC()
		end := minute.Add(time.Minute)
		at.minute = minute.Unix()
		found[at] = Finding{
			Kind: MarkWithoutRows, Part: partName(at.part), From: &minute, To: &end,
			Message: fmt.Sprintf("partition %s, minute %s: the mark says %d rows with %d events, %d rows with %d events are there",
				partName(at.part), clock(minute), rows, events, hasRows, hasEvents),
		}
		return nil
	})
	return found, err
}
