package clickhouse_test

import (
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// BenchmarkStatements measures the round trip of single statements through clickhouse-go, on tables that fsync after insert.
func BenchmarkStatements(b *testing.B) {
	conn := connect(b)
	exec(b, conn, "CREATE OR REPLACE TABLE bench (n UInt64, at DateTime, campaign LowCardinality(String)) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1, fsync_part_directory = 1")
	exec(b, conn, "CREATE OR REPLACE TABLE minutes (minute DateTime, campaign LowCardinality(String), clicks UInt64) ENGINE = MergeTree ORDER BY minute SETTINGS fsync_after_insert = 1")
	exec(b, conn, "INSERT INTO bench SELECT number, toDateTime(1700000000 + number % 600), toString(number % 100) FROM numbers(100000)")
	b.Run("insert 1 row", func(b *testing.B) { benchInsert(b, conn, 1) })
	b.Run("insert 10000 rows", func(b *testing.B) { benchInsert(b, conn, 10_000) })
	b.Run("small select", func(b *testing.B) {
		for b.Loop() {
			one[uint64](b, conn, "SELECT count() FROM bench WHERE n < 1000")
		}
	})
	b.Run("insert select of 100000 rows into minutes", func(b *testing.B) {
		for b.Loop() {
			exec(b, conn, "INSERT INTO minutes SELECT toStartOfMinute(at), campaign, count() FROM bench WHERE n < 100000 GROUP BY 1, 2")
		}
	})
}

func benchInsert(b *testing.B, conn driver.Conn, rows int) {
	numbers, times, campaigns := make([]uint64, rows), make([]time.Time, rows), make([]string, rows)
	for i := range rows {
		numbers[i], times[i], campaigns[i] = uint64(1_000_000+i), time.Unix(1_700_000_000, 0), "c"
	}
	for b.Loop() {
		batch, err := conn.PrepareBatch(b.Context(), "INSERT INTO bench")
		if err != nil {
			b.Fatal(err)
		}
		for i, column := range []any{numbers, times, campaigns} {
			if err := batch.Column(i).Append(column); err != nil {
				b.Fatal(err)
			}
		}
		if err := batch.Send(); err != nil {
			b.Fatal(err)
		}
	}
}
