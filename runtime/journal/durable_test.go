package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal/wal"
	"github.com/clicktally/clicktally/runtime/journal/wal/waltest"
)

// running starts what ships and reports, until the test ends.
func running(t testing.TB, a *Accepter) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var owned sync.WaitGroup
	owned.Go(func() { a.Run(ctx, slog.New(slog.DiscardHandler)) })
	stop = func() {
		cancel()
		owned.Wait()
	}
	t.Cleanup(stop)
	return stop
}

func journaling(dir string, change func(*Config)) func(*Config) {
	return func(cfg *Config) {
		cfg.Dir, cfg.HeartbeatEvery = dir, 50*time.Millisecond
		if change != nil {
			change(cfg)
		}
	}
}

// accepted takes n clicks and returns their ids; every one must be answered.
func accepted(t testing.TB, a *Accepter, n int) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for i := range n {
		e := click(fmt.Sprint("ad-", i%7))
		if err := a.Accept(t.Context(), e); err != nil {
			t.Fatalf("click %d: %v", i, err)
		}
		ids[string(e.EventId)] = true
	}
	return ids
}

// allInLog checks that every id is in the log and that copies of one are the same bytes.
func allInLog(t testing.TB, c *kfake.Cluster, ids map[string]bool) (copies int) {
	t.Helper()
	return allInLogOn(t, c.ListenAddrs(), ids)
}

func allInLogOn(t testing.TB, seeds []string, ids map[string]bool) (copies int) {
	t.Helper()
	bytes := map[string]string{}
	for _, r := range loggedOn(t, seeds, topic) {
		id := string(decode(t, []*kgo.Record{r})[0].EventId)
		if was, ok := bytes[id]; ok {
			copies++
			if was != string(r.Value) {
				t.Errorf("two copies of %x differ", id)
			}
		}
		bytes[id] = string(r.Value)
	}
	missing := 0
	for id := range ids {
		if _, ok := bytes[id]; !ok {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d answered events are not in the log", missing, len(ids))
	}
	return copies
}

// lastBeats are the newest heartbeats by boot.
func lastBeats(t testing.TB, c *kfake.Cluster) map[uint64]*event.Heartbeat {
	t.Helper()
	return lastBeatsOn(t, c.ListenAddrs())
}

func lastBeatsOn(t testing.TB, seeds []string) map[uint64]*event.Heartbeat {
	t.Helper()
	last := map[uint64]*event.Heartbeat{}
	for _, r := range loggedOn(t, seeds, heartbeats) {
		h := &event.Heartbeat{}
		if err := h.UnmarshalVT(r.Value); err != nil {
			t.Fatal(err)
		}
		last[h.BootId] = h
	}
	return last
}

func journaledOf(h *event.Heartbeat) (n uint64) {
	for _, p := range h.Partitions {
		n += p.Journaled
	}
	return n
}

func TestALateLogIsAnsweredByTheJournal(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, journaling(t.TempDir(), nil))
	boot := a.BootID()
	release := hold(t, c)
	ids := accepted(t, a, 3)
	parts, open := a.boot.Load().progress()
	total := uint64(0)
	for _, p := range parts {
		if p.Settled != p.Next || p.Voided != 0 {
			t.Errorf("%v: the journal has them all", p)
		}
		total += p.Journaled
	}
	if s := a.Stats(); !open || total != 3 || s.Journaled != 3 || s.Waiting != 3 || s.Accepted != 0 {
		t.Errorf("open %v, journaled %d, stats %+v, want 3 in the journal alone", open, total, s)
	}
	release()
	eventually(t, "the late acknowledgements empty the journal", func() bool { return a.Stats().Waiting == 0 })
	if copies := allInLog(t, c, ids); copies != 0 {
		t.Errorf("%d copies: what its own produce brought was shipped again", copies)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := lastBeats(t, c)[boot]; h == nil || !h.Drained {
		t.Errorf("last heartbeat %v, want drained", h)
	}
}

func TestWithoutALogForLongEveryClickIsAnsweredAndShippedLater(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	c := newCluster(t, kfake.DataDir(data))
	a := newAccepter(t, c, journaling(dir, func(cfg *Config) { cfg.DeliveryTimeout = 2 * time.Second }))
	running(t, a)
	boot := a.BootID()
	ids := accepted(t, a, 20)
	address := c.ListenAddrs()[0]
	c.Close()
	began := time.Now()
	for id := range accepted(t, a, 2000) {
		ids[id] = true
	}
	t.Logf("2000 clicks without a log took %v", time.Since(began))
	if a.away.open.Load() == 0 || a.away.since.Load() == 0 {
		t.Error("no breaker is open")
	}
	c = newCluster(t, kfake.DataDir(data), kfake.Ports(port(t, address)))
	eventually(t, "the journal is shipped", func() bool { return a.Stats().Waiting == 0 })
	eventually(t, "Kafka takes clicks at once again", func() bool {
		before := a.Stats().Accepted
		for id := range accepted(t, a, 14) {
			ids[id] = true
		}
		return a.Stats().Accepted >= before+14 && a.away.since.Load() == 0
	})
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	allInLog(t, c, ids)
	h := lastBeats(t, c)[boot]
	if h == nil || !h.Drained || journaledOf(h) != 0 {
		t.Errorf("last heartbeat %v, want drained", h)
	}
}

func TestWhatKafkaRefusesIsShippedWhenItIsTaken(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, journaling(t.TempDir(), nil))
	running(t, a)
	var mu sync.Mutex
	code := kerr.TopicAuthorizationFailed.Code
	refuse(c, func() int16 {
		mu.Lock()
		defer mu.Unlock()
		return code
	})
	ids := accepted(t, a, 30)
	mu.Lock()
	code = 0
	mu.Unlock()
	eventually(t, "it is shipped", func() bool { return a.Stats().Waiting == 0 })
	if copies := allInLog(t, c, ids); copies != 0 || a.Stats().Voided != 0 {
		t.Errorf("%d copies, stats %+v", copies, a.Stats())
	}
}

func TestARecordThatNoLogWouldTakeIsNotJournaled(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, journaling(t.TempDir(), func(cfg *Config) { cfg.Ack = Ack{Budget: patience, WhenFull: Reject} }))
	refuse(c, func() int16 { return kerr.InvalidRecord.Code })
	if err := a.Accept(t.Context(), click("ad-1")); !errors.Is(err, ErrRefused) {
		t.Fatalf("got %v, want ErrRefused", err)
	}
	if s := a.Stats(); s.Voided != 1 || s.Waiting != 0 {
		t.Errorf("stats %+v, want it voided", s)
	}
}

func TestAFullJournal(t *testing.T) {
	for name, tc := range map[string]struct {
		whenFull WhenFull
		unbilled bool
	}{
		"redirects and does not bill": {RedirectUnbilled, true},
		"turns visitors away":         {Reject, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			release := hold(t, c)
			a := newAccepter(t, c, journaling(t.TempDir(), func(cfg *Config) {
				cfg.Capacity, cfg.Ack.WhenFull, cfg.DeliveryTimeout = 4*wal.MinSegmentBytes, tc.whenFull, 2*time.Second
			}))
			boot, ids := a.BootID(), map[string]bool{}
			var err error
			tries := 0
			for err == nil && tries < 10_000 {
				e := click("ad-1")
				e.Metadata = fmt.Sprintf("%0900d", 1)
				if err = a.Accept(t.Context(), e); err == nil {
					ids[string(e.EventId)] = true
				}
				tries++
			}
			if errors.Is(err, ErrUnbilled) != tc.unbilled || !errors.Is(err, ErrRefused) || !errors.Is(err, wal.ErrFull) {
				t.Fatalf("after %d events: %v; unbilled is to be %v", tries, err, tc.unbilled)
			}
			if s := a.Stats(); s.Voided != 1 || (s.Unbilled == 1) != tc.unbilled || len(ids) < 150 {
				t.Errorf("stats %+v after %d events", s, len(ids))
			}
			release()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := a.Close(ctx); err != nil {
				t.Fatal(err)
			}
			allInLog(t, c, ids)
			for _, p := range lastBeats(t, c)[boot].Partitions {
				if p.Settled != p.Next || p.Journaled != 0 {
					t.Errorf("progress %v, want all settled", p)
				}
			}
		})
	}
}

func TestWithADeadDiskKafkaAnswers(t *testing.T) {
	for _, policy := range []Policy{Race, Journal} {
		c := newCluster(t)
		disk := waltest.New()
		a := newAccepter(t, c, func(cfg *Config) { cfg.FS, cfg.Ack = disk, Ack{Policy: policy, Budget: patience, WhenFull: Reject} })
		disk.Before = func(waltest.Op) error { return syscall.EIO }
		ids := accepted(t, a, 50)
		allInLog(t, c, ids)
		if s := a.Stats(); s.Accepted != 50 || s.Voided != 0 {
			t.Errorf("policy %d: stats %+v, want all acknowledged by Kafka", policy, s)
		}
	}
}

func TestWithoutDiskAndLogNothingIsCalledVoidThatMayBeThere(t *testing.T) {
	c := newCluster(t)
	disk := waltest.New()
	a := newAccepter(t, c, func(cfg *Config) { cfg.FS, cfg.DeliveryTimeout, cfg.Ack.Policy = disk, 1500*time.Millisecond, Journal })
	hold(t, c)
	disk.Before = func(op waltest.Op) error {
		if op.Kind == waltest.Sync {
			return syscall.EIO
		}
		return nil
	}
	err := a.Accept(t.Context(), click("ad-1"))
	if !errors.Is(err, ErrTimeout) || !errors.Is(err, ErrUnbilled) {
		t.Fatalf("got %v, want a timeout that is redirected", err)
	}
	if parts, open := a.boot.Load().progress(); !open || parts[0].Settled != 0 || parts[0].Voided != 0 {
		t.Errorf("progress %v: Kafka and the disk may both have it", parts)
	}
}

func TestSettledDoesNotPassWhatIsNotSynced(t *testing.T) {
	c := newCluster(t)
	disk := waltest.New()
	a := newAccepter(t, c, func(cfg *Config) { cfg.FS = disk })
	hold(t, c)
	gate, syncing := make(chan struct{}), make(chan struct{}, 1)
	disk.Before = func(op waltest.Op) error {
		if op.Kind == waltest.Sync {
			syncing <- struct{}{}
			<-gate
		}
		return nil
	}
	answered := make(chan error, 1)
	go func() { answered <- a.Accept(t.Context(), click("ad-1")) }()
	<-syncing
	parts, open := a.boot.Load().progress()
	select {
	case err := <-answered:
		t.Errorf("answered %v before the sync", err)
	default:
	}
	if !open || parts[0].Settled != 0 || parts[0].Journaled != 0 {
		t.Errorf("progress %v before the sync", parts)
	}
	close(gate)
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	if parts, _ := a.boot.Load().progress(); parts[0].Settled != 1 || parts[0].Journaled != 1 {
		t.Errorf("progress %v after the sync", parts)
	}
}

func TestWhatADyingDiskMayHoldIsNotVoidedWhenKafkaRefusesIt(t *testing.T) {
	c := newCluster(t)
	disk := waltest.New()
	a := newAccepter(t, c, func(cfg *Config) { cfg.FS, cfg.Ack.Budget = disk, patience })
	refuse(c, func() int16 { return kerr.TopicAuthorizationFailed.Code })
	disk.Before = func(op waltest.Op) error {
		if op.Kind == waltest.Sync {
			return syscall.EIO
		}
		return nil
	}
	if err := a.Accept(t.Context(), click("ad-1")); !errors.Is(err, ErrTimeout) {
		t.Fatalf("got %v, want that nobody knows", err)
	}
	if parts, open := a.boot.Load().progress(); !open || parts[0].Settled != 0 || a.Stats().Voided != 0 {
		t.Errorf("progress %v: a restart may find it on the disk", parts)
	}
}
