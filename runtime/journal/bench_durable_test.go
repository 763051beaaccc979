package journal

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/clicktally/clicktally/runtime/event"
)

func typicalClick() *event.Event {
	return &event.Event{
		EventType: event.EventType_EVENT_TYPE_CLICK, Origin: event.Origin_ORIGIN_OWN, Timestamp: 1_790_000_000_000, CampaignId: "spring-sale",
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", Destination: "https://shop.example.org/spring?ct=abcdefghijklmnopqrstuvwxyz012345",
	}
}

// BenchmarkPolicies is the CPU of an event under each policy with 512 callers at once; the broker is in
// this process. "away" is a Kafka that does not answer: the journal alone.
func BenchmarkPolicies(b *testing.B) {
	for name, tc := range map[string]struct {
		dir, away bool
		policy    Policy
	}{
		"no journal": {}, "Race": {dir: true}, "Journal": {dir: true, policy: Journal}, "Race, Kafka away": {dir: true, away: true},
	} {
		b.Run(name, func(b *testing.B) {
			a := benched(b, tc.dir, tc.away, Ack{Policy: tc.policy, Budget: time.Second})
			b.ReportAllocs()
			b.SetParallelism(256)
			before := cpuTime(b)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := a.Accept(b.Context(), typicalClick()); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkLatency takes 1,000 events a second, evenly, and reports how long callers waited.
func BenchmarkLatency(b *testing.B) {
	for name, tc := range map[string]struct {
		away   bool
		policy Policy
	}{
		"Race": {}, "Journal": {policy: Journal}, "Journal, Kafka away": {policy: Journal, away: true},
	} {
		b.Run(name, func(b *testing.B) {
			a := benched(b, true, tc.away, Ack{Policy: tc.policy, Budget: time.Second})
			took := make([]time.Duration, b.N)
			var waiting sync.WaitGroup
			before, began := cpuTime(b), time.Now()
			b.ResetTimer()
			for i := range b.N {
				<-time.After(time.Until(began.Add(time.Duration(i) * time.Millisecond)))
				waiting.Go(func() {
					start := time.Now()
					if err := a.Accept(b.Context(), typicalClick()); err != nil {
						b.Error(err)
					}
					took[i] = time.Since(start)
				})
			}
			waiting.Wait()
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
			slices.Sort(took)
			for _, p := range []int{50, 99} {
				b.ReportMetric(float64(took[len(took)*p/100].Microseconds()), fmt.Sprintf("p%d-us", p))
			}
		})
	}
}

func benched(b *testing.B, dir, away bool, ack Ack) *Accepter {
	b.Helper()
	c := newCluster(b, kfake.DataDir(b.TempDir()))
	a := newAccepter(b, c, func(cfg *Config) {
		cfg.Ack = ack
		if dir {
			cfg.Dir = b.TempDir()
		}
	})
	if err := a.Accept(b.Context(), typicalClick()); err != nil {
		b.Fatal(err)
	}
	if away {
		hold(b, c)
		a.SetAck(Ack{Policy: ack.Policy, Budget: time.Millisecond})
		for a.away.open.Load() < partitions {
			if err := a.Accept(b.Context(), click("")); err != nil {
				b.Fatal(err)
			}
		}
	}
	return a
}
