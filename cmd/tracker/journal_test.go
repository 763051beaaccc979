package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/clicktally/clicktally/runtime/event"
)

// TestAKilledTrackersJournalIsDrained kills the real binary while Kafka is away, and has the same
// binary ship what it left.
func TestAKilledTrackersJournalIsDrained(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "ct.catalog", "ct.heartbeats", "ct.events.0"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	publish(t, cluster.ListenAddrs())
	binary := filepath.Join(t.TempDir(), "tracker")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	dir := t.TempDir()
	kafka := []string{"--kafka", strings.Join(cluster.ListenAddrs(), ","), "--topic-prefix", "ct", "--journal-dir", dir, "--pod", "eu-0"}
	process := exec.CommandContext(t.Context(), binary, append(kafka, "--tracker", "ct/eu", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
		"--click-id-keys-file", keyFile(t), "--hash-key-file", keyFile(t), "--journal-size", "64Mi", "--ack-budget", "10ms")...)
	lines, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	click := "http://" + listening(t, lines) + "/v1/click?cid=nobody"
	clickUntilServed(t, click)
	gate := make(chan struct{})
	release := sync.OnceFunc(func() { close(gate) })
	defer release()
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		cluster.SleepControl(func() { <-gate })
		return nil, nil, false
	})
	ids := map[string]bool{}
	for range 100 {
		ids[eventOf(t, click)] = true
	}
	if err := process.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()
	release()

	drain := exec.CommandContext(t.Context(), binary, append(kafka, "--drain")...)
	if out, err := drain.CombinedOutput(); err != nil {
		t.Fatalf("drain: %v\n%s", err, out)
	}
	for id := range logged(t, cluster) {
		delete(ids, id)
	}
	if len(ids) > 0 {
		t.Errorf("%d of 100 answered clicks are not in the log", len(ids))
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0].Name() != "lock" {
		t.Errorf("left behind: %v", left)
	}
}

// eventOf is the id that the answer to one click names.
func eventOf(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	id := resp.Header.Get("X-Event-Id")
	if resp.StatusCode != http.StatusFound || id == "" {
		t.Fatalf("status %d, headers %v", resp.StatusCode, resp.Header)
	}
	return id
}

func logged(t *testing.T, cluster *kfake.Cluster) map[string]bool {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("ct.events.0"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	want, seen, ids := int(cluster.PartitionInfo("ct.events.0", 0).HighWatermark), 0, map[string]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for seen < want {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("saw %d of %d records", seen, want)
		}
		for _, r := range fetches.Records() {
			var e event.Event
			if err := event.Decode(r.Value, &e); err != nil {
				t.Fatal(err)
			}
			ids[e.EventIDText()] = true
			seen++
		}
	}
	return ids
}

func TestFlagsOfTheJournal(t *testing.T) {
	needed := []string{"--kafka", "127.0.0.1:1", "--tracker", "ct/eu", "--click-id-keys-file", keyFile(t), "--hash-key-file", keyFile(t)}
	for name, args := range map[string][]string{
		"a policy nobody knows":       append(needed, "--ack-policy", "Hope"),
		"a size of nothing":           append(needed, "--journal-size", "0"),
		"a size that is none":         append(needed, "--journal-size", "large"),
		"a negative budget":           append(needed, "--ack-budget", "-1s"),
		"a full journal that shrugs":  append(needed, "--journal-when-full", "Shrug"),
		"a drain without a directory": {"--kafka", "127.0.0.1:1", "--drain"},
	} {
		cmd := command()
		cmd.SetArgs(args)
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := cmd.ExecuteContext(ctx); err == nil || ctx.Err() != nil {
			t.Errorf("%s: got %v", name, err)
		}
		cancel()
	}
}
