package store_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

// BenchmarkInsertEvents measures this process's CPU per raw row; ClickHouse's own is in its process.
func BenchmarkInsertEvents(b *testing.B) {
	conn, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(b)}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	db := servers.Database(b)
	if err := store.EnsureSchema(b.Context(), conn, db, store.Retention{}); err != nil {
		b.Fatal(err)
	}
	rows := make([]store.Row, 20_000)
	for n := range rows {
		rows[n] = valid(uint64(n), uint32(n))
		rows[n].Event.UserAgent, rows[n].Event.Destination = "Mozilla/5.0 (X11; Linux x86_64)", "https://shop.example.org/spring"
	}
	start, n := cpuTime(), 0
	for b.Loop() {
		if err := store.InsertEvents(b.Context(), conn, db, rows); err != nil {
			b.Fatal(err)
		}
		n += len(rows)
	}
	ns := float64(cpuTime()-start) / float64(n)
	b.ReportMetric(ns, "cpu-ns/event")
	fmt.Printf("result: insert_events ours=%.0f\n", ns)
}

func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
