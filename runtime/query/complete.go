package query

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/clicktally/clicktally/runtime/problem"
	"github.com/clicktally/clicktally/runtime/store"
)

// completeness is how far the minutes of every partition of every generation are computed.
type completeness struct {
	until time.Time // a whole minute; zero when some partition has not reported, so that nothing is complete
	dirty uint64    // older minutes that wait to be computed again for what came late
}

// completeness asks for every generation of the catalog, never for those that happen to have rows.
func (s *Server) completeness(ctx context.Context) (completeness, error) {
	cat := s.config.Catalog()
	if cat == nil {
		return completeness{}, problem.New(http.StatusServiceUnavailable, "no-catalog", "The configuration has not arrived yet",
			"which partitions exist is known from the catalog: ask again in a moment")
	}
	var parts []completeness
	for _, g := range cat.Generations() {
		var c completeness
		row := s.config.ClickHouse.QueryRow(ctx, store.CompleteUntil(s.config.Database, g.GetNumber(), g.GetPartitions()))
		if err := row.Scan(&c.until, &c.dirty); err != nil {
			return completeness{}, fmt.Errorf("read progress: %w", err)
		}
		parts = append(parts, c.from(g.GetStartMs()))
	}
	return leastOf(parts), nil
}

// from lets a generation hold nothing back that is before its start: its events begin there, and until
// they do it may not even be read.
func (c completeness) from(startMs int64) completeness {
	if start := time.UnixMilli(startMs); start.After(c.until) {
		c.until = start
	}
	return c
}

// leastOf is the earliest of the generations, as a whole minute.
func leastOf(parts []completeness) completeness {
	var least completeness
	for i, c := range parts {
		if i == 0 || c.until.Before(least.until) {
			least.until = c.until
		}
		least.dirty += c.dirty
	}
	least.until = least.until.UTC().Truncate(time.Minute)
	if least.until.Year() < firstYear { // the store's word for: some partition has not reported
		least.until = time.Time{}
	}
	return least
}
