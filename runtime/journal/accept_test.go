package journal

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

func TestAnEventIsInTheLogBeforeAcceptReturns(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, nil)
	e := click("ad-1")
	if err := a.Accept(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	got := decode(t, logged(t, c, topic))
	if len(got) != 1 {
		t.Fatalf("%d records in the log, want 1", len(got))
	}
	id, ok := event.IDFromBytes(got[0].EventId)
	want := event.NewID(e.Timestamp, event.PartitionOf("ad-1", nil, nil, partitions), a.BootID(), 0)
	if !ok || id != want || !bytes.Equal(e.EventId, id[:]) {
		t.Errorf("id in the log %v, want %v, and the caller's copy %x", id, want, e.EventId)
	}
	if got[0].BootId != a.BootID() {
		t.Errorf("boot id %x, want %x", got[0].BootId, a.BootID())
	}
}

func TestAcceptWaitsForTheAcknowledgement(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, nil)
	release := hold(t, c)
	answered := make(chan error, 1)
	go func() { answered <- a.Accept(t.Context(), click("ad-1")) }()
	eventually(t, "the record is in flight", func() bool { return a.Stats().InFlight == 1 })
	select {
	case err := <-answered:
		t.Fatalf("answered %v while the log had not acknowledged", err)
	case <-time.After(100 * time.Millisecond):
	}
	release()
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
}

func TestCountersAreGapFreeAndInOrderForOneCaller(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, nil)
	const n = 200
	for i := range n {
		if err := a.Accept(t.Context(), click(fmt.Sprint("ad-", i%7))); err != nil {
			t.Fatal(err)
		}
	}
	next := map[uint32]uint64{}
	for _, e := range decode(t, logged(t, c, topic)) {
		if e.Counter != next[e.SrcPart] {
			t.Fatalf("src_part %x: counter %d, want %d", e.SrcPart, e.Counter, next[e.SrcPart])
		}
		if e.Settled != e.Counter {
			t.Fatalf("src_part %x: settled %d at counter %d: everything before was acknowledged", e.SrcPart, e.Settled, e.Counter)
		}
		next[e.SrcPart]++
	}
}

func TestARefusedRecordIsVoided(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, nil)
	code := kerr.TopicAuthorizationFailed.Code
	refuse(c, func() int16 { return code })
	err := a.Accept(t.Context(), click("ad-1"))
	if !errors.Is(err, ErrRefused) {
		t.Fatalf("got %v, want ErrRefused", err)
	}
	if n := len(logged(t, c, topic)); n != 0 {
		t.Fatalf("%d records in the log, want none", n)
	}
	parts, open := a.boot.Load().progress()
	if open || len(parts) != 1 || parts[0].Next != 1 || parts[0].Settled != 1 || parts[0].Voided != 1 {
		t.Fatalf("progress %v, open %v: want one counter, settled and voided", parts, open)
	}
}

func TestAnOpenFateIsNeitherSettledNorVoided(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, func(cfg *Config) { cfg.DeliveryTimeout = 1500 * time.Millisecond })
	release := hold(t, c)
	if err := a.Accept(t.Context(), click("ad-1")); !errors.Is(err, ErrTimeout) {
		t.Fatalf("got %v, want ErrTimeout", err)
	}
	parts, open := a.boot.Load().progress()
	if !open || parts[0].Settled != 0 || parts[0].Voided != 0 {
		t.Fatalf("progress %v, open %v: the request is out and unanswered", parts, open)
	}
	release()
	eventually(t, "the fate is known", func() bool {
		_, open := a.boot.Load().progress()
		return !open
	})
	if s := a.Stats(); s.Late != 1 || s.Voided != 0 || s.TimedOut != 1 {
		t.Errorf("stats %+v, want one late landing", s)
	}
	if n := len(logged(t, c, topic)); n != 1 {
		t.Errorf("%d records in the log, want the late one", n)
	}
}

func TestWithALogThatWasNeverThereTheRecordIsVoided(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, func(cfg *Config) { cfg.DeliveryTimeout = 2 * time.Second })
	c.Close()
	answeredWithin(t, 2500*time.Millisecond, func() error { return a.Accept(t.Context(), click("ad-1")) })
	eventually(t, "the unsent record is voided", func() bool { return a.Stats().Voided == 1 && a.Stats().InFlight == 0 })
}

func TestAfterTheLogWentAwayCallersAreAnsweredAndTheFateIsFoundOut(t *testing.T) {
	dir := t.TempDir()
	c := newCluster(t, kfake.DataDir(dir))
	a := newAccepter(t, c, func(cfg *Config) { cfg.DeliveryTimeout = 2 * time.Second })
	if err := a.Accept(t.Context(), click("ad-1")); err != nil {
		t.Fatal(err)
	}
	address := c.ListenAddrs()[0]
	c.Close()
	err := answeredWithin(t, 2500*time.Millisecond, func() error { return a.Accept(t.Context(), click("ad-1")) })
	if errors.Is(err, ErrTimeout) { // it was written to the dying connection
		again := answeredWithin(t, 100*time.Millisecond, func() error { return a.Accept(t.Context(), click("ad-1")) })
		if !errors.Is(again, ErrOverloaded) {
			t.Errorf("a record behind one of open fate: got %v, want ErrOverloaded", again)
		}
	}
	_, text, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(text)
	c = newCluster(t, kfake.DataDir(dir), kfake.Ports(number))
	eventually(t, "every fate is known", func() bool {
		_, open := a.boot.Load().progress()
		return !open && a.Stats().InFlight == 0
	})
	if err := a.Accept(t.Context(), click("ad-1")); err != nil {
		t.Fatalf("the log is back: %v", err)
	}
	s := a.Stats()
	if n := len(logged(t, c, topic)); uint64(n) != s.Accepted || s.Accepted+s.Voided != 3 {
		t.Errorf("%d records in the log, stats %+v: want all acknowledged there and 3 fates", n, s)
	}
}

func answeredWithin(t *testing.T, limit time.Duration, accept func() error) error {
	t.Helper()
	start := time.Now()
	err := accept()
	if err == nil {
		t.Fatal("accepted without a log")
	}
	if took := time.Since(start); took > limit {
		t.Errorf("answered %v after %v, want at most %v", err, took, limit)
	}
	return err
}

func TestABoundTurnsAwayAtOnce(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, func(cfg *Config) { cfg.MaxInFlight = 2 })
	release := hold(t, c)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if err := a.Accept(t.Context(), click("ad-1")); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "two records are in flight", func() bool { return a.Stats().InFlight == 2 })
	if err := a.Accept(t.Context(), click("ad-1")); !errors.Is(err, ErrOverloaded) {
		t.Errorf("got %v, want ErrOverloaded", err)
	}
	release()
	wg.Wait()
}

func TestABatchTellsEachFate(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, nil)
	broken := click("ad-2")
	broken.EventType = 0
	errs := a.AcceptBatch(t.Context(), []*event.Event{click("ad-1"), broken, click("ad-3")})
	if errs[0] != nil || errs[2] != nil || !errors.Is(errs[1], event.ErrPoison) {
		t.Fatalf("fates %v", errs)
	}
	if n := len(logged(t, c, topic)); n != 2 {
		t.Errorf("%d records in the log, want 2", n)
	}
	if parts, open := a.boot.Load().progress(); open {
		t.Errorf("the counter of the event that was never sent stays open: %v", parts)
	}
}

func TestPlaceOfAnEvent(t *testing.T) {
	c := newCluster(t)
	a := newAccepter(t, c, func(cfg *Config) {
		cfg.GenerationAt = func(ms int64) *catalogpb.Generation {
			switch {
			case ms < 1000:
				return nil
			case ms < 2000:
				return &catalogpb.Generation{Number: 1, Topic: "old", Partitions: 8}
			}
			return &catalogpb.Generation{Number: 2, Topic: "new", Partitions: 16}
		}
	})
	clickID := event.NewID(1500, 5, 1, 1)
	cases := map[string]struct {
		e     *event.Event
		src   event.SrcPart
		topic string
		err   error
	}{
		"an event goes to the generation of its own time, by ad": {
			e:   &event.Event{Timestamp: 1500, AdId: "a", UserId: []byte("u")},
			src: event.NewSrcPart(1, event.PartitionOf("a", nil, nil, 8)), topic: "old",
		},
		"without ad it goes by visitor": {
			e:   &event.Event{Timestamp: 2500, UserId: []byte("u")},
			src: event.NewSrcPart(2, event.PartitionOf("", []byte("u"), nil, 16)), topic: "new",
		},
		"a foreign event without ad goes by its event id": {
			e:   &event.Event{Timestamp: 2500, UserId: []byte("u"), Origin: event.Origin_ORIGIN_FOREIGN, EventId: []byte("x")},
			src: event.NewSrcPart(2, event.PartitionOf("", nil, []byte("x"), 16)), topic: "new",
		},
		"a conversion goes where its click is": {
			e:   &event.Event{Timestamp: 2500, AdId: "a", EventType: event.EventType_EVENT_TYPE_CONVERSION, ClickId: clickID[:]},
			src: event.NewSrcPart(1, 5), topic: "old",
		},
		"no generation, no place": {e: &event.Event{Timestamp: 500, AdId: "a"}, err: ErrNoGeneration},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			src, topic, err := a.place(tc.e)
			if src != tc.src || topic != tc.topic || !errors.Is(err, tc.err) {
				t.Errorf("got %x %q %v, want %x %q %v", src, topic, err, tc.src, tc.topic, tc.err)
			}
		})
	}
}
