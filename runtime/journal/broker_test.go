package journal

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

// visitors is how many callers wait for the log at once.
const visitors = 48

// lagging has followers fetch every 50 ms, so that whatever a leader acknowledged alone is lost when it is killed.
var lagging = []servers.BrokerOption{
	servers.BrokerSetting("replica.fetch.min.bytes", "10000000"), servers.BrokerSetting("replica.fetch.wait.max.ms", "50"),
}

// TestAKilledLeaderCostsNoAcknowledgedEvent kills the leader of a partition under load, starts it again, and kills
// whoever leads then: what was acknowledged is in the log, nothing is there twice, and the books balance.
func TestAKilledLeaderCostsNoAcknowledgedEvent(t *testing.T) {
	cluster := servers.BrokerCluster(t, append(lagging, servers.Brokers(3))...)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.Seeds()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = topics.Ensure(t.Context(), kadm.NewClient(client), topics.Names{Prefix: "ct"}, topics.Config{
		Partitions: partitions, Replication: topics.Replication,
		Report: func(s topics.Shortfall) { t.Error(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	// The patient one waits a change of leaders out; the hasty one answers its callers before their fate is known.
	patient := newAccepterOn(t, cluster.Seeds(), nil)
	hasty := newAccepterOn(t, cluster.Seeds(), func(cfg *Config) { cfg.DeliveryTimeout = 2 * time.Second })
	beating, stopBeating := context.WithCancel(t.Context())
	defer stopBeating()
	var hearts sync.WaitGroup
	for _, a := range []*Accepter{patient, hasty} {
		hearts.Go(func() { a.Run(beating, slog.New(slog.DiscardHandler)) })
	}

	l := startLoad(t, patient, hasty)
	l.everyPartitionGoesOn("before the first kill")
	for round := range 2 {
		leader := cluster.Leader(topic, 0)
		l.longest.Store(0)
		cluster.Kill(leader)
		l.everyPartitionGoesOn(fmt.Sprintf("after kill %d", round+1))
		t.Logf("kill %d: the longest accepted produce took %v; so far %d told to come again",
			round+1, time.Duration(l.longest.Load()).Round(time.Millisecond), l.turnedAway.Load())
		cluster.Restart(leader)
	}
	l.everyPartitionGoesOn("with all brokers back")
	acked := l.end()
	stopBeating()
	hearts.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for name, a := range map[string]*Accepter{"patient": patient, "hasty": hasty} {
		if err := a.Close(ctx); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v", name, a.Stats())
	}
	if len(acked) < 1000 || hasty.Stats().TimedOut == 0 {
		t.Errorf("%d acknowledged and %+v: the test met no load or no open fate", len(acked), hasty.Stats())
	}
	booksBalance(t, cluster.Seeds(), acked)
}

// load is callers that accept one event after the other, over all partitions.
type load struct {
	t          *testing.T
	stop       context.CancelFunc
	callers    sync.WaitGroup
	perPart    [partitions]atomic.Uint64 // acknowledged
	longest    atomic.Int64              // ns, of those acknowledged
	turnedAway atomic.Uint64

	mu    sync.Mutex
	acked map[string]bool
}

func startLoad(t *testing.T, accepters ...*Accepter) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, stop: cancel, acked: map[string]bool{}}
	for caller := range visitors {
		l.callers.Go(func() {
			for i := caller; ctx.Err() == nil; i++ {
				l.one(ctx, accepters[caller%len(accepters)], fmt.Sprint("ad-", i%31))
			}
		})
	}
	t.Cleanup(func() { l.end() })
	return l
}

func (l *load) one(ctx context.Context, a *Accepter, ad string) {
	e := click(ad)
	began := time.Now()
	if a.Accept(context.WithoutCancel(ctx), e) != nil {
		l.turnedAway.Add(1)
		select { // as a visitor who tries again, not as a loop
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
		return
	}
	took := int64(time.Since(began))
	for longest := l.longest.Load(); took > longest && !l.longest.CompareAndSwap(longest, took); {
		longest = l.longest.Load()
	}
	l.perPart[event.SrcPart(e.SrcPart).Partition()].Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[string(e.EventId)] = true
}

// everyPartitionGoesOn waits until each partition has acknowledged a hundred more.
func (l *load) everyPartitionGoesOn(when string) {
	l.t.Helper()
	var want [partitions]uint64
	for p := range want {
		want[p] = l.perPart[p].Load() + 100
	}
	eventually(l.t, "every partition takes events "+when, func() bool {
		for p := range want {
			if l.perPart[p].Load() < want[p] {
				return false
			}
		}
		return true
	})
}

// end stops the callers and returns the ids of what was acknowledged.
func (l *load) end() map[string]bool {
	l.stop()
	l.callers.Wait()
	return l.acked
}
