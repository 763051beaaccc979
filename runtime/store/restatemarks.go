package store

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// ReadMarks reads the ver of the marks of cuts, by (src_part, minute); those without one are left out.
func ReadMarks(ctx context.Context, conn driver.Conn, db string, cuts []Cut) (map[Cut]uint64, error) {
	rows, err := conn.Query(ctx, SelectMarks(db, cuts))
	if err != nil {
		return nil, fmt.Errorf("read the marks of %d minutes: %w", len(cuts), err)
	}
	defer rows.Close()
	marks := make(map[Cut]uint64, len(cuts))
	for rows.Next() {
		var part uint32
		var minute int64
		var ver uint64
		if err := rows.Scan(&part, &minute, &ver); err != nil {
			return nil, fmt.Errorf("read the marks of %d minutes: %w", len(cuts), err)
		}
		marks[Cut{SrcPart: event.SrcPart(part), Minute: minute}] = ver
	}
	return marks, rows.Err()
}

// emptyMark is a row of table marks of a minute that nothing is counted in.
type emptyMark struct {
	cut     Cut
	ver     uint64
	written time.Time
}

// InsertEmptyMarks marks minutes that have neither raw nor rows: there, nothing is the count.
func InsertEmptyMarks(ctx context.Context, conn driver.Conn, db string, epoch uint16, now time.Time, cuts []Cut) error {
	marks := make([]emptyMark, len(cuts))
	for i, c := range cuts {
		marks[i] = emptyMark{cut: c, ver: Ver(epoch, c.Offset), written: now}
	}
	return insert(ctx, conn, db, "marks", emptyMarkColumns, marks)
}

var emptyMarkColumns = []column[emptyMark]{
	col("src_part", func(m *emptyMark) uint32 { return uint32(m.cut.SrcPart) }),
	col("minute", func(m *emptyMark) int64 { return m.cut.Minute }),
	col("ver", func(m *emptyMark) uint64 { return m.ver }),
	col("written", func(m *emptyMark) int64 { return m.written.UnixMilli() }),
}
