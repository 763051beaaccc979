package aggregate

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/test/bench"
)

// BenchmarkLiveHalf measures CPU per event of decode, deduplication and all panes, with a second's
// settling per 20,000 events, beside decoding alone. Budget: design 9.
func BenchmarkLiveHalf(b *testing.B) {
	records := benchRecords(b, 200_000)
	b.Run("decode", func(b *testing.B) {
		var d event.Decoder
		perEvent(b, "decode", func(n int) {
			if _, err := d.Decode(records[n%len(records)].Value); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("all", func(b *testing.B) {
		r := rules{rawDays: 90, generations: catalog.Generations{{Number: benchPart.Generation(), Partitions: 1}}}
		p := newPanes(benchPart, 0, 4096, paneFloor(noon))
		var d event.Decoder
		perEvent(b, "live_half", func(n int) {
			if n%len(records) == 0 {
				p = newPanes(benchPart, 0, 4096, paneFloor(noon)) // the same records again are another log
			}
			j, err := judge(records[n%len(records)], benchPart, r, &d)
			if err != nil || j.reason != "" {
				b.Fatal(err, j.reason)
			}
			p.add(j.row.Event, noon)
			if n%20_000 == 19_999 {
				p.changed(uint64(n), false)
			}
		})
	})
}

func perEvent(b *testing.B, name string, one func(n int)) {
	b.ReportAllocs()
	start, n := cpuTime(), 0
	for b.Loop() {
		one(n)
		n++
	}
	ns := float64(cpuTime()-start) / float64(n)
	b.ReportMetric(ns, "cpu-ns/event")
	fmt.Printf("result: %s ours=%.0f\n", name, ns)
}

func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// benchPart is the partition of benchRecords.
var benchPart = event.NewSrcPart(1, 0)

// benchRecords are what one of four partitions gets of a minute of the traffic of `make bench-aggregate`.
func benchRecords(b *testing.B, n int) []*kgo.Record {
	traffic := bench.NewTraffic(1, noon.Add(time.Second), benchPart.Generation(), 1)
	records := make([]*kgo.Record, n)
	for i := range records {
		record, err := traffic.Next()
		if err != nil {
			b.Fatal(err)
		}
		records[i] = &kgo.Record{Value: record.Value, Offset: int64(i), Timestamp: record.Time}
	}
	return records
}

// BenchmarkPaneMemory measures what a pane keeps of a minute of 200,000 events, and an identity alone.
func BenchmarkPaneMemory(b *testing.B) {
	records := benchRecords(b, 200_000)
	var d event.Decoder
	keep := func(name string, n int, fill func() any) {
		before := heap()
		kept := fill()
		fmt.Printf("result: %s ours=%.1f\n", name, float64(int64(heap())-int64(before))/float64(n))
		runtime.KeepAlive(kept)
	}
	keep("pane_bytes", 1, func() any {
		p := newPane(benchPart, noon.Unix())
		for _, record := range records {
			e, err := d.Decode(record.Value)
			if err != nil {
				b.Fatal(err)
			}
			p.add(e, 4096)
		}
		return p
	})
	keep("own_id_bytes", len(records), func() any {
		s := newIdentities()
		for i := range uint32(len(records)) {
			s.seenOwn(event.NewID(1, 1, uint64(i%8), i/8))
		}
		return s
	})
	keep("foreign_id_bytes", len(records), func() any {
		s := newIdentities()
		for i := range records {
			s.foreign[[16]byte{byte(i), byte(i >> 8), byte(i >> 16)}] = counted{}
		}
		return s
	})
	runtime.KeepAlive(records)
}

// heap is what is reachable now, in bytes.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what the first one only queued
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
