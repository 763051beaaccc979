package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/clicktally/clicktally/runtime/event"
)

// TestTheBooksBalanceUnderFaults is the ledger's own sum (design 6.5) over a broker that refuses
// and delays: below settled, each counter is in the log or voided, and nothing acknowledged is missing.
func TestTheBooksBalanceUnderFaults(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, func(cfg *Config) { cfg.lastCounter = 29 })
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(7, 7))
	refuse(c, func() int16 {
		mu.Lock()
		defer mu.Unlock()
		switch rng.IntN(10) {
		case 0:
			return kerr.NotLeaderForPartition.Code // retried
		case 1:
			return kerr.InvalidRecord.Code // for good
		}
		return 0
	})
	acked := map[string]bool{}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 60 {
				e := click(fmt.Sprint("ad-", (worker+i)%9))
				if a.Accept(t.Context(), e) == nil {
					mu.Lock()
					acked[string(e.EventId)] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	voided, boots := booksBalance(t, c.ListenAddrs(), acked)
	if voided == 0 || boots < 3 {
		t.Errorf("%d voided, %d boots: the test met no fault or no rotation", voided, boots)
	}
}

// booksBalance compares the log with the last heartbeats of drained boots: each counter below settled is in the log
// once or voided, and all that was acknowledged is there. It returns how many were voided, under how many boots.
func booksBalance(t *testing.T, seeds []string, acked map[string]bool) (voided uint64, boots int) {
	t.Helper()
	type key struct {
		boot uint64
		src  uint32
	}
	inLog := map[key]map[uint64]bool{}
	for _, e := range decode(t, loggedOn(t, seeds, topic)) {
		k := key{e.BootId, e.SrcPart}
		if inLog[k] == nil {
			inLog[k] = map[uint64]bool{}
		}
		if inLog[k][e.Counter] {
			t.Errorf("boot %x src_part %x: counter %d is in the log twice", k.boot, k.src, e.Counter)
		}
		inLog[k][e.Counter] = true
		delete(acked, string(e.EventId))
	}
	if len(acked) > 0 {
		t.Errorf("%d acknowledged events are not in the log", len(acked))
	}
	last := map[key]*event.PartitionProgress{}
	drained := map[uint64]bool{}
	for _, r := range loggedOn(t, seeds, heartbeats) {
		var h event.Heartbeat
		if err := h.UnmarshalVT(r.Value); err != nil {
			t.Fatal(err)
		}
		if want := heartbeatKey("eu-0", h.BootId); string(r.Key) != want {
			t.Errorf("heartbeat key %q, want %q", r.Key, want)
		}
		drained[h.BootId] = h.Drained
		for _, p := range h.Partitions {
			last[key{h.BootId, p.SrcPart}] = p
		}
	}
	for k, p := range last {
		if uint64(len(inLog[k]))+p.Voided != p.Settled || p.Settled != p.Next {
			t.Errorf("boot %x src_part %x: %d in the log, %d voided, settled %d of %d", k.boot, k.src, len(inLog[k]), p.Voided, p.Settled, p.Next)
		}
		if !drained[k.boot] {
			t.Errorf("boot %x is not reported as drained", k.boot)
		}
		delete(inLog, k)
		voided += p.Voided
	}
	if len(inLog) > 0 {
		t.Errorf("%d (boot, src_part) of the log are in no heartbeat", len(inLog))
	}
	return voided, len(drained)
}

func TestHeartbeatsTellProgressAndTheCatalog(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, func(cfg *Config) {
		cfg.CatalogState = func() (int64, []string) { return 41, []string{"campaign/broken"} }
	})
	if err := a.Accept(t.Context(), click("ad-1")); err != nil {
		t.Fatal(err)
	}
	before := time.Now().UnixMilli()
	if err := a.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	var h event.Heartbeat
	if err := h.UnmarshalVT(logged(t, c, heartbeats)[0].Value); err != nil {
		t.Fatal(err)
	}
	if h.Pod != "eu-0" || h.BootId != a.BootID() || h.AppliedOffset != 41 || strings.Join(h.RejectedKeys, ",") != "campaign/broken" || h.Drained || h.At < before {
		t.Errorf("heartbeat %v", &h)
	}
	if len(h.Partitions) != 1 || h.Partitions[0].Next != 1 || h.Partitions[0].Settled != 1 {
		t.Errorf("progress %v, want one event settled", h.Partitions)
	}
}

func TestAClosedJournalTakesNothing(t *testing.T) {
	a := newAccepter(t, newCluster(t), nil)
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Accept(t.Context(), click("ad-1")); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestARecordUnderAClosedClientStaysOpen(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, nil)
	hold(t, c)
	answered := make(chan error, 1)
	go func() { answered <- a.Accept(t.Context(), click("ad-1")) }()
	eventually(t, "the record is in flight", func() bool { return a.Stats().InFlight == 1 })
	a.cfg.Client.Close()
	if err := <-answered; !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout: nobody knows whether it landed", err)
	}
	if parts, open := a.boot.Load().progress(); !open || parts[0].Settled != 0 || a.Stats().Voided != 0 {
		t.Errorf("progress %v, open %v: it is neither settled nor voided", parts, open)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := a.Close(ctx); err == nil {
		t.Error("closed without a word about the open record")
	}
}
