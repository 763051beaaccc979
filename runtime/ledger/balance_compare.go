package ledger

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

//go:embed balance.sql
var compareSQL string

const (
	// cellsNamed bounds the differing minutes that are read per hour, key and column.
	cellsNamed = 1000
	// looks is how often a difference must be seen in a row: a minute that is computed again at the
	// same moment may be read half before and half after.
	looks = 3
)

// Count is one figure of an hour, advertiser and campaign, on both sides. Amounts are in micros and
// named with their currency.
type Count struct {
	Hour       time.Time `json:"hour"`
	Advertiser string    `json:"advertiser_id"`
	Campaign   string    `json:"campaign_id"` // empty for orphans
	Column     string    `json:"column"`
	Raw        int64     `json:"raw"`    // recounted from raw events
	Stored     int64     `json:"stored"` // sum of minute rows
	// Minutes is how many (partition, minute) differ: their differences may cancel out in the sums.
	Minutes uint64 `json:"differing_minutes,omitempty"`
	cells   []cell
}

// cell is a figure of one minute of one partition that differs.
type cell struct {
	part        uint32
	minute      int64
	raw, stored int64
}

// place is where a difference stands.
type place struct {
	count, column string
	part          uint32
	minute        int64
}

func (c *Count) key() string {
	return fmt.Sprintf("%d\x00%s\x00%s", c.Hour.Unix(), c.Advertiser, c.Campaign)
}

// compare recounts every hour of the period and compares it with the minute rows.
func (c *Config) compare(ctx context.Context, p Period, parts []*Part, say func(string)) ([]Count, []Finding, error) {
	var all []Count
	var found []Finding
	for hour := p.From; hour.Before(p.To); {
		next := earlier(hour.Truncate(time.Hour).Add(time.Hour), p.To)
		one := Period{hour, next}
		weights, err := c.weights(ctx, one, parts)
		if err != nil {
			return nil, nil, fmt.Errorf("read the sizes of manifests: %w", err)
		}
		groups := batches(parts, weights, c.RowsAtOnce)
		var counts []Count
		for i, batch := range groups {
			say(fmt.Sprintf("recounting %s, %d of %d groups of partitions", one, i+1, len(groups)))
			part, moved, err := c.compareSurely(ctx, one, batch)
			if err != nil {
				return nil, nil, fmt.Errorf("recount %s: %w", one, err)
			}
			counts, found = merge(counts, part), append(found, moved...)
		}
		all = append(all, counts...)
		hour = next
	}
	return all, append(found, differences(all)...), nil
}

// compareSurely repeats a comparison that found differences: one that is real is there each time.
func (c *Config) compareSurely(ctx context.Context, p Period, parts []*Part) ([]Count, []Finding, error) {
	var lasting map[place]bool
	for look := 1; ; look++ {
		counts, err := c.compareOnce(ctx, p, parts)
		if err != nil {
			return nil, nil, err
		}
		now := places(counts)
		if lasting == nil {
			lasting = now
		}
		for at := range lasting {
			if !now[at] {
				delete(lasting, at)
			}
		}
		moved := len(now) - len(lasting)
		switch {
		case len(now) == 0, look >= looks && moved == 0:
			return counts, nil, nil
		case look == 2*looks:
			keep(counts, lasting)
			return counts, []Finding{{
				Kind: CountsMoved, From: &p.From, To: &p.To,
				Message: fmt.Sprintf("%d figures of %s changed under the comparison each time it was tried", moved, p),
			}}, nil
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

func places(counts []Count) map[place]bool {
	at := map[place]bool{}
	for i := range counts {
		for _, cell := range counts[i].cells {
			at[place{counts[i].key(), counts[i].Column, cell.part, cell.minute}] = true
		}
	}
	return at
}

// keep leaves only the lasting differences.
func keep(counts []Count, lasting map[place]bool) {
	for i := range counts {
		one := &counts[i]
		one.cells = slices.DeleteFunc(one.cells, func(at cell) bool {
			return !lasting[place{one.key(), one.Column, at.part, at.minute}]
		})
		one.Minutes = uint64(len(one.cells))
	}
}

func (c *Config) compareOnce(ctx context.Context, p Period, parts []*Part) ([]Count, error) {
	query := c.sql(compareSQL, p, "{list}", listOf(parts), "{named}", number(cellsNamed),
		"{stored}", store.MinutesAtMarks(c.Database, p.From, p.To))
	var counts []Count
	err := c.each(ctx, query, func(scan func(...any) error) error {
		var one Count
		var cells [][]any
		if err := scan(&one.Hour, &one.Advertiser, &one.Campaign, &one.Column, &one.Raw, &one.Stored, &one.Minutes, &cells); err != nil {
			return err
		}
		one.Hour, one.Column = one.Hour.UTC(), strings.TrimSpace(one.Column)
		for _, values := range cells {
			one.cells = append(one.cells, cell{values[0].(uint32), values[1].(int64), values[2].(int64), values[3].(int64)})
		}
		counts = append(counts, one)
		return nil
	})
	return counts, err
}

// merge adds the counts of one group of partitions to those of others.
func merge(all, more []Count) []Count {
	at := make(map[string]int, len(all))
	for i := range all {
		at[all[i].key()+"\x00"+all[i].Column] = i
	}
	for _, one := range more {
		i, there := at[one.key()+"\x00"+one.Column]
		if !there {
			all = append(all, one)
			continue
		}
		sum := &all[i]
		sum.Raw, sum.Stored, sum.Minutes = sum.Raw+one.Raw, sum.Stored+one.Stored, sum.Minutes+one.Minutes
		sum.cells = append(sum.cells, one.cells...)
	}
	return all
}
