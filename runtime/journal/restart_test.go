package journal

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal/wal"
	"github.com/clicktally/clicktally/runtime/journal/wal/waltest"
)

func port(t testing.TB, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// left is what an accepter that died with a journal leaves behind: 5 events that Kafka has, then 40 that
// only the journal has.
type left struct {
	disk  *waltest.FS
	boot  uint64
	ids   map[string]bool
	parts map[uint32]uint64 // next counter of each partition
}

func leftBehind(t *testing.T, c *kfake.Cluster, noted bool) left {
	t.Helper()
	disk := waltest.New()
	a := newAccepter(t, c, func(cfg *Config) { cfg.FS = disk })
	a.SetAck(Ack{Budget: patience}) // these are Kafka's, however slow the machine is
	ids := accepted(t, a, 5)
	a.SetAck(Ack{})
	release := hold(t, c)
	for id := range accepted(t, a, 40) {
		ids[id] = true
	}
	if noted {
		if err := a.disk.notes.write(a.boot.Load()); err != nil {
			t.Fatal(err)
		}
	} else if err := a.disk.notes.remove(a.BootID()); err != nil {
		t.Fatal(err)
	}
	l := left{disk: disk.Crash(rand.New(rand.NewPCG(1, 1))), boot: a.BootID(), ids: ids, parts: map[uint32]uint64{}}
	parts, _ := a.boot.Load().progress()
	for _, p := range parts {
		l.parts[p.SrcPart] = p.Next
	}
	a.cfg.Client.Close()
	release()
	return l
}

func TestWhatAnEarlierBootLeftIsShippedAndItsBootReportedToItsEnd(t *testing.T) {
	c := newCluster(t)
	l := leftBehind(t, c, true)
	a := newAccepter(t, c, func(cfg *Config) { cfg.FS = l.disk })
	if s := a.Stats(); s.Waiting != 40 {
		t.Fatalf("stats %+v, want 40 to wait", s)
	}
	if err := a.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := lastBeats(t, c)[l.boot]
	if h == nil || h.Drained || journaledOf(h) != 40 || h.Pod != "eu-0" {
		t.Fatalf("heartbeat %v, want the earlier boot open with 40 journaled", h)
	}
	for _, p := range h.Partitions {
		if p.Next != l.parts[p.SrcPart] || p.Settled != p.Next {
			t.Errorf("%v, want what was noted: next %d, all settled", p, l.parts[p.SrcPart])
		}
	}
	running(t, a)
	eventually(t, "it is reported as drained", func() bool { return lastBeats(t, c)[l.boot].Drained })
	allInLog(t, c, l.ids)
	if s := a.Stats(); s.Shipped != 40 {
		t.Errorf("stats %+v, want 40 shipped", s)
	}
	eventually(t, "its note is gone", func() bool { _, there := l.disk.Files()[noteName(l.boot)]; return !there })
	if h := lastBeats(t, c)[a.BootID()]; h == nil || h.Drained {
		t.Errorf("the present boot: %v, want it open", h)
	}
}

func TestABootWithoutANoteIsKnownByWhatItJournaled(t *testing.T) {
	c := newCluster(t)
	l := leftBehind(t, c, false)
	a := newAccepter(t, c, func(cfg *Config) { cfg.FS = l.disk })
	if err := a.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := lastBeats(t, c)[l.boot]
	if h == nil || h.Drained {
		t.Fatalf("heartbeat %v, want the boot open", h)
	}
	for _, p := range h.Partitions {
		if p.Next != l.parts[p.SrcPart] || p.Settled != 0 || p.Journaled != 0 {
			t.Errorf("%v: nobody knows what was settled, so nothing is below it", p)
		}
	}
	running(t, a)
	eventually(t, "it is reported as drained", func() bool { return lastBeats(t, c)[l.boot].Drained })
	allInLog(t, c, l.ids)
}

func TestADeadBootIsReportedAsOfAfterItsOwnReportsWhereTheClockWentBack(t *testing.T) {
	now := time.Now().UnixMilli()
	ahead := now + 600_000
	if got := (&boot{noted: ahead}).reportedAt(); got <= ahead+noteEvery {
		t.Errorf("reported as of %d, its own reports may be as of %d", got, ahead+noteEvery)
	}
	if got := (&boot{noted: now - 5}).reportedAt(); got < now || got > now+60_000 {
		t.Errorf("reported as of %d, it is %d", got, now)
	}
}

func TestABootThatLeftNothingIsReportedAsDrained(t *testing.T) {
	c := newCluster(t)
	disk := waltest.New()
	a := newAccepter(t, c, func(cfg *Config) { cfg.FS, cfg.Ack.Budget = disk, patience })
	accepted(t, a, 5)
	boot := a.BootID()
	next := newAccepter(t, c, func(cfg *Config) { cfg.FS = disk.Crash(rand.New(rand.NewPCG(1, 1))) })
	if err := next.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := lastBeats(t, c)[boot]; h == nil || !h.Drained {
		t.Errorf("heartbeat %v, want it drained: its journal is empty", h)
	}
}

func TestDrainShipsAndAcceptsNothing(t *testing.T) {
	c := newCluster(t)
	l := leftBehind(t, c, true)
	client, err := kgo.NewClient(append(ClientOpts(0, 0), kgo.SeedBrokers(c.ListenAddrs()...))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	cfg := Config{Client: client, Ship: shipClient(t, c.ListenAddrs()), HeartbeatTopic: heartbeats, Pod: "drain-of-eu-0", FS: l.disk}
	if err := Drain(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	allInLog(t, c, l.ids)
	beats := lastBeats(t, c)
	if h := beats[l.boot]; h == nil || !h.Drained || h.Pod != "eu-0" {
		t.Errorf("heartbeat %v, want the boot drained, under the name it had", h)
	}
	if len(beats) != 1 {
		t.Errorf("%d boots were reported, want one: a drain counts nothing", len(beats))
	}
	if err := Drain(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("an empty journal: %v", err)
	}
	for name := range l.disk.Files() {
		t.Errorf("%s is left", name)
	}
}

func TestADrainThatCannotReachKafkaFailsAndKeepsAll(t *testing.T) {
	c := newCluster(t)
	l := leftBehind(t, c, true)
	address := c.ListenAddrs()
	c.Close()
	client, err := kgo.NewClient(append(ClientOpts(0, 0), kgo.SeedBrokers(address...))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 1_000_000_000)
	defer cancel()
	if err := Drain(ctx, Config{Client: client, Ship: shipClient(t, address), HeartbeatTopic: heartbeats, Pod: "d", FS: l.disk}, slog.New(slog.DiscardHandler)); err == nil {
		t.Fatal("drained without Kafka")
	}
	log, _, err := wal.Open(l.disk, wal.Options{Boot: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n := log.Stats().Waiting; n != 40 {
		t.Errorf("%d wait, want all 40", n)
	}
}

func TestTwoProcessesDoNotShareADirectory(t *testing.T) {
	c := newCluster(t)
	dir := filepath.Join(t.TempDir(), "journal") // made when it is needed
	a := newAccepter(t, c, journaling(dir, nil))
	_, err := New(Config{Client: a.cfg.Client, Ship: a.cfg.Ship, GenerationAt: a.cfg.GenerationAt, HeartbeatTopic: heartbeats, Pod: "eu-0", Dir: dir})
	if !errors.Is(err, wal.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	newAccepter(t, c, journaling(dir, nil))
}

func TestAJournalIsShippedToTheGenerationItNames(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(8, "ct.events.1"))
	l := leftBehind(t, c, true)
	a := newAccepter(t, c, func(cfg *Config) {
		cfg.FS = l.disk
		cfg.GenerationAt = func(int64) *catalogpb.Generation {
			return &catalogpb.Generation{Number: 1, Topic: "ct.events.1", Partitions: 8}
		}
	})
	running(t, a)
	eventually(t, "it is shipped", func() bool { return a.Stats().Waiting == 0 })
	allInLog(t, c, l.ids) // in the topic and partition each one names
	e := click("ad-1")
	if err := a.Accept(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if got := event.SrcPart(e.SrcPart).Generation(); got != 1 {
		t.Errorf("a new event went to generation %d", got)
	}
}
