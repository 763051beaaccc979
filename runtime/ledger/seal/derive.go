package seal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/store"
)

// Bounds of one statement over raw.
const (
	defaultRowsAtOnce = 4_000_000
	partsAtOnce       = 1024
)

// Raw says where raw events are read from.
type Raw struct {
	ClickHouse driver.Conn
	Database   string
	// Source is a table expression in place of table events: an archive. Optional.
	Source string
	// RowsAtOnce bounds what one statement counts, an hour at least; default 4 million.
	RowsAtOnce uint64
}

// Derive counts a period over raw below the cuts: the same arguments give the same content, whenever and from
// whichever copy of raw.
func (r *Raw) Derive(ctx context.Context, p Period, billable []string, cuts map[event.SrcPart]uint64) (*Content, error) {
	c := &Content{Period: p, Billable: slices.Sorted(slices.Values(billable)), Cuts: maps.Clone(cuts)}
	totals, policies := sum{}, map[string]struct{}{}
	for parts := range slices.Chunk(slices.Sorted(maps.Keys(cuts)), partsAtOnce) {
		stretches, err := r.stretches(ctx, p, parts)
		if err != nil {
			return nil, err
		}
		for _, stretch := range stretches {
			part, err := store.SelectBill(ctx, r.ClickHouse, &store.BillQuery{
				Source: r.source(), From: stretch.from, To: stretch.to, Cuts: only(cuts, parts), General: general(),
			})
			if err != nil {
				return nil, fmt.Errorf("from %s: %w", stretch.from.UTC().Format(time.RFC3339), err)
			}
			for i := range part.Lines {
				totals.add(&part.Lines[i], 1)
			}
			maps.Copy(policies, part.Policies)
		}
	}
	c.Lines, c.Policies = totals.lines(), slices.Sorted(maps.Keys(policies))
	return c, nil
}

func (r *Raw) source() string {
	if r.Source != "" {
		return r.Source
	}
	return store.RawEvents(r.Database)
}

type stretch struct{ from, to time.Time }

// stretches cuts the period into runs of hours that hold at most RowsAtOnce, which an hour alone may exceed. Of an
// archive the sizes are not known, so there each day is one.
func (r *Raw) stretches(ctx context.Context, p Period, parts []event.SrcPart) ([]stretch, error) {
	if r.Source != "" {
		var days []stretch
		for from := p.From; from.Before(p.To); from = from.Add(24 * time.Hour) {
			days = append(days, stretch{from, earlier(from.Add(24*time.Hour), p.To)})
		}
		return days, nil
	}
	most := r.RowsAtOnce
	if most == 0 {
		most = defaultRowsAtOnce
	}
	rows, err := r.ClickHouse.Query(ctx, store.SelectRawPerHour(r.Database, parts, p.From, p.To))
	if err != nil {
		return nil, fmt.Errorf("size the period: %w", err)
	}
	defer rows.Close()
	list, held := []stretch{{from: p.From}}, uint64(0)
	for rows.Next() {
		var hour time.Time
		var n uint64
		if err := rows.Scan(&hour, &n); err != nil {
			return nil, fmt.Errorf("size the period: %w", err)
		}
		if held += n; held > most && hour.After(list[len(list)-1].from) {
			list[len(list)-1].to = hour
			list, held = append(list, stretch{from: hour}), n
		}
	}
	list[len(list)-1].to = p.To
	return list, rows.Err()
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func only(cuts map[event.SrcPart]uint64, parts []event.SrcPart) map[event.SrcPart]uint64 {
	some := make(map[event.SrcPart]uint64, len(parts))
	for _, part := range parts {
		some[part] = cuts[part]
	}
	return some
}

// general are the reasons of general invalid traffic (design 7), sorted. A custom rule counts as sophisticated: raw does not
// say which class its policy gave it.
func general() []string {
	var names []string
	for reason := event.Reason(1); reason.Name() != ""; reason++ {
		if score.ClassOf(reason) == score.General {
			names = append(names, reason.Name())
		}
	}
	slices.Sort(names)
	return names
}
