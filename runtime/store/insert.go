package store

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// column says how one ClickHouse column is filled from rows of R.
type column[R any] struct {
	name string
	fill func(to driver.BatchColumn, rows []R) error
}

func col[R, T any](name string, value func(*R) T) column[R] {
	return column[R]{name: name, fill: func(to driver.BatchColumn, rows []R) error {
		values := make([]T, len(rows))
		for i := range rows {
			values[i] = value(&rows[i])
		}
		return to.Append(values)
	}}
}

// insert writes rows as one block, column by column.
func insert[R any](ctx context.Context, conn driver.Conn, db, table string, columns []column[R], rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	batch, err := prepare(ctx, conn, db, table, names)
	if err != nil {
		return fmt.Errorf("prepare %d rows for %s: %w", len(rows), table, err)
	}
	for i, c := range columns {
		if err := c.fill(batch.Column(i), rows); err != nil {
			batch.Abort()
			return fmt.Errorf("fill column %s of %s: %w", c.name, table, err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("insert %d rows into %s: %w", len(rows), table, err)
	}
	return nil
}
