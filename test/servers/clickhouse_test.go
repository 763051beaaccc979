package servers_test

import (
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/test/servers"
)

func TestClickHouseGivesEachTestAnEmptyDatabaseOfItsOwn(t *testing.T) {
	for range 2 {
		database := servers.Database(t)
		conn, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(t)}, Auth: clickhouse.Auth{Database: database}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := conn.Exec(t.Context(), "CREATE TABLE clicks (n UInt64, at DateTime) ENGINE = MergeTree ORDER BY n"); err != nil {
			t.Fatal(err)
		}
		batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO clicks (n, at)")
		if err != nil {
			t.Fatal(err)
		}
		if err := batch.Append(uint64(7), time.Unix(1_700_000_000, 0)); err != nil {
			t.Fatal(err)
		}
		if err := batch.Send(); err != nil {
			t.Fatal(err)
		}
		var n uint64
		var at time.Time
		if err := conn.QueryRow(t.Context(), "SELECT n, at FROM clicks").Scan(&n, &at); err != nil {
			t.Fatal(err)
		}
		if n != 7 || at.Unix() != 1_700_000_000 {
			t.Errorf("read back n=%d at=%v, want 7 and 1700000000", n, at.Unix())
		}
	}
}
