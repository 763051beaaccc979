package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// FirstEvent is the minute of the earliest loaded event from `from` on, zero when there is none.
func FirstEvent(ctx context.Context, conn driver.Conn, db string, from time.Time) (time.Time, error) {
	var n uint64
	var first time.Time
	query := "SELECT count(), min(minute) FROM " + Quote(db) + ".events WHERE " + timeRange("minute", floorMinute(from), time.Time{})
	if err := conn.QueryRow(ctx, query).Scan(&n, &first); err != nil {
		return time.Time{}, fmt.Errorf("find the first event: %w", err)
	}
	if n == 0 {
		return time.Time{}, nil
	}
	return first.UTC(), nil
}

// LateClicks counts the raw clicks of [from, to) that were logged at cuts or behind, copies included. Manifests are
// asked first: where they say that nothing came, no raw is read.
func LateClicks(ctx context.Context, conn driver.Conn, db string, from, to time.Time, cuts map[event.SrcPart]uint64) (uint64, error) {
	if len(cuts) == 0 {
		return 0, nil
	}
	touched, err := countRows(ctx, conn, "SELECT count() FROM "+Quote(db)+".manifests WHERE ("+beyond("to_off > ", cuts)+
		") AND arrayExists(m -> "+timeRange("m", from, to)+", minutes)")
	if err != nil || touched == 0 {
		return 0, err
	}
	return countRows(ctx, conn, "SELECT count() FROM "+Quote(db)+".events WHERE "+timeRange("minute", from, to)+
		" AND event_type = 'click' AND ("+beyond("src_off >= ", cuts)+")")
}

func countRows(ctx context.Context, conn driver.Conn, query string) (n uint64, err error) {
	if err := conn.QueryRow(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("look for clicks that came later: %w", err)
	}
	return n, nil
}

// beyond is a condition on the offset of each partition.
func beyond(column string, cuts map[event.SrcPart]uint64) string {
	terms := make([]string, 0, len(cuts))
	for part, cut := range cuts {
		terms = append(terms, "src_part = "+strconv.FormatUint(uint64(part), 10)+" AND "+column+strconv.FormatUint(cut, 10))
	}
	return strings.Join(terms, " OR ")
}
