package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// NewestEvent is the latest time of a loaded event from `from` on, zero when there is none: asked for
// now, it tells how far ahead the clocks are that events were stamped by.
func NewestEvent(ctx context.Context, conn driver.Conn, db string, from time.Time) (time.Time, error) {
	var newest time.Time
	query := "SELECT max(timestamp) FROM " + Quote(db) + ".events WHERE minute >= toDateTime(" +
		strconv.FormatInt(from.Truncate(time.Minute).Unix(), 10) + ", 'UTC')"
	if err := conn.QueryRow(ctx, query).Scan(&newest); err != nil {
		return time.Time{}, fmt.Errorf("find the newest event: %w", err)
	}
	if newest.UnixMilli() <= 0 {
		return time.Time{}, nil
	}
	return newest, nil
}
