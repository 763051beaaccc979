package journal

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// TestMain lets this binary be the processes that the tests kill.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "accept" {
		os.Exit(accepting(os.Args[2], os.Args[3], os.Args[4]))
	}
	os.Exit(m.Run())
}

// accepting accepts from 16 callers until it is killed, and writes the id of every event that was
// answered. Its output is written before the next event is taken, so what was written was promised.
func accepting(seeds, dir, policy string) int {
	client, err := kgo.NewClient(append(ClientOpts(0, 0), kgo.SeedBrokers(strings.Split(seeds, ",")...))...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ship, err := kgo.NewClient(append(ShipOpts(), kgo.SeedBrokers(strings.Split(seeds, ",")...))...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p, err := ParsePolicy(policy)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	a, err := New(Config{
		Client: client, Ship: ship, HeartbeatTopic: heartbeats, Pod: "eu-0", Dir: dir, Capacity: 16 << 20, HeartbeatEvery: 100 * time.Millisecond,
		Ack: Ack{Policy: p}, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		GenerationAt: func(int64) *catalogpb.Generation {
			return &catalogpb.Generation{Topic: topic, Partitions: partitions}
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go a.Run(context.Background(), slog.New(slog.NewTextHandler(os.Stderr, nil)))
	fmt.Println("ready")
	for caller := range 16 {
		go func() {
			for i := caller; ; i++ {
				e := click(fmt.Sprint("ad-", i%31))
				if err := a.Accept(context.Background(), e); err == nil {
					os.Stdout.WriteString(hex.EncodeToString(e.EventId) + "\n")
				}
			}
		}()
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test is gone
	return 0
}

// victim is an accepting process.
type victim struct {
	cmd *exec.Cmd

	mu    sync.Mutex
	acked map[string]bool
	ready bool
	read  chan struct{} // closed when its output ended
}

func startVictim(t *testing.T, seeds []string, dir string, policy string) *victim {
	t.Helper()
	v := &victim{cmd: exec.CommandContext(t.Context(), os.Args[0], "accept", strings.Join(seeds, ","), dir, policy), acked: map[string]bool{}, read: make(chan struct{})}
	stdin, err := v.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close() })
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if v.cmd.Stderr, err = os.OpenFile(filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go v.follow(out)
	return v
}

func (v *victim) follow(out io.Reader) {
	defer close(v.read)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		v.mu.Lock()
		if id, err := hex.DecodeString(lines.Text()); err == nil && len(id) == 16 {
			v.acked[string(id)] = true
		}
		v.ready = v.ready || lines.Text() == "ready"
		v.mu.Unlock()
	}
}

func (v *victim) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.acked)
}

func (v *victim) kill(t *testing.T) {
	t.Helper()
	if err := v.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-v.read
	_ = v.cmd.Wait()
}

// TestKilledProcessesLoseNothingTheyAnswered kills one process after the other with SIGKILL: while it
// accepts and Kafka refuses, and while it accepts and ships what the one before left. In the end every
// answered event is in the log, and each id is one event.
func TestKilledProcessesLoseNothingTheyAnswered(t *testing.T) {
	for _, policy := range []string{"Race", "Journal"} {
		t.Run(policy, func(t *testing.T) {
			c := newCluster(t)
			dir, rng := t.TempDir(), rand.New(rand.NewPCG(3, 4))
			acked := map[string]bool{}
			var away atomic.Bool
			refuse(c, func() int16 { // kfake's own way to hold an answer is not free of data races
				if away.Load() {
					return kerr.NotLeaderForPartition.Code
				}
				return 0
			})
			for round := range 7 {
				away.Store(round%2 == 0)
				v := startVictim(t, c.ListenAddrs(), dir, policy)
				want := 100 + rng.IntN(1500)
				eventually(t, fmt.Sprintf("round %d: it accepts", round), func() bool { return v.count() >= want })
				v.kill(t)
				for id := range v.acked {
					acked[id] = true
				}
			}
			away.Store(false)
			a := newAccepter(t, c, journaling(dir, nil))
			left := a.Stats().Waiting
			running(t, a)
			eventually(t, "the rest is shipped", func() bool { return a.Stats().Waiting == 0 })
			copies := allInLog(t, c, acked)
			eventually(t, "all earlier boots are drained", func() bool {
				for boot, h := range lastBeats(t, c) {
					if boot != a.BootID() && !h.Drained {
						return false
					}
				}
				return true
			})
			if nothingSettledIsMissing(t, c.ListenAddrs()) == 0 {
				t.Error("no heartbeat says that anything is settled")
			}
			t.Logf("%d answered, %d left for the last start, %d copies in the log", len(acked), left, copies)
			if left == 0 {
				t.Error("nothing was left in the journal: the test met no crash that mattered")
			}
		})
	}
}

// nothingSettledIsMissing is the ledger's sum for each drained boot: below settled, every counter is in
// the log or voided. It returns how many are settled.
func nothingSettledIsMissing(t *testing.T, seeds []string) (settled uint64) {
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
		inLog[k][e.Counter] = true
	}
	for boot, h := range lastBeatsOn(t, seeds) {
		for _, p := range h.Partitions {
			below := uint64(0)
			for counter := range inLog[key{boot, p.SrcPart}] {
				if counter < p.Settled {
					below++
				}
			}
			settled += p.Settled
			if below+p.Voided+p.Journaled != p.Settled {
				t.Errorf("boot %x src_part %x: %d in the log, %d voided, %d journaled, settled %d", boot, p.SrcPart, below, p.Voided, p.Journaled, p.Settled)
			}
		}
	}
	return settled
}
