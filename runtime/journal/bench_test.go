package journal

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// BenchmarkAccept compares linger and compression with 512 callers at once; the broker is in this
// process and keeps what it gets. The choice of client.go is "lz4, 1ms".
func BenchmarkAccept(b *testing.B) {
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "lz4": kgo.Lz4Compression()}
	for name, codec := range codecs {
		for _, linger := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond} {
			b.Run(fmt.Sprintf("%s, %v", name, linger), func(b *testing.B) {
				c := newCluster(b, kfake.DataDir(b.TempDir()))
				client, err := kgo.NewClient(append(ClientOpts(0, 0), kgo.SeedBrokers(c.ListenAddrs()...), kgo.ProducerLinger(linger), kgo.ProducerBatchCompression(codec))...)
				if err != nil {
					b.Fatal(err)
				}
				defer client.Close()
				a, err := New(Config{Client: client, HeartbeatTopic: heartbeats, Pod: "eu-0", GenerationAt: func(int64) *catalogpb.Generation {
					return &catalogpb.Generation{Topic: topic, Partitions: partitions}
				}})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				b.SetParallelism(256)
				before := cpuTime(b)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						e := &event.Event{
							EventType: event.EventType_EVENT_TYPE_CLICK, Origin: event.Origin_ORIGIN_OWN, Timestamp: 1_790_000_000_000, CampaignId: "spring-sale",
							UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", Destination: "https://shop.example.org/spring?ct=abcdefghijklmnopqrstuvwxyz012345",
						}
						if err := a.Accept(b.Context(), e); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// cpuTime is what this process has used: wall-clock times on shared machines lie.
func cpuTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
