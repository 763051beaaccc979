package kafka_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestRecordsBehindACutOffTailSurviveTheNextRestarts(t *testing.T) {
	dir := t.TempDir()
	addr, kill := startChild(t, dir)
	createTopic(t, addr, "clicks", 1, nil)
	produce(t, client(t, addr), &kgo.Record{Topic: "clicks", Key: []byte("a"), Value: []byte("1")})
	commitOffset(t, addr, "clicks", 1)
	kill()
	// What a kill in the middle of a write leaves: half a batch, half an entry, a batch without its index entry.
	appendFile(t, filepath.Join(dir, "partitions", "clicks-0", "0.dat"), "half a batch, not acknowledged")
	appendFile(t, filepath.Join(dir, "groups.log"), "half an entry")
	appendFile(t, filepath.Join(dir, "pids.log"), "half an entry")
	if err := os.Truncate(filepath.Join(dir, "partitions", "clicks-0", "0.idx"), 0); err != nil {
		t.Fatal(err)
	}
	addr, kill = startChild(t, dir)
	produce(t, client(t, addr), &kgo.Record{Topic: "clicks", Key: []byte("b"), Value: []byte("2")})
	commitOffset(t, addr, "clicks", 2)
	kill()
	server := start(t, dir)
	if diff := cmp.Diff(map[string]string{"0/0": "a=1", "0/1": "b=2"}, readAll(t, server.Addr(), "clicks")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	offsets, err := kadm.NewClient(client(t, server.Addr())).FetchOffsets(t.Context(), "lag")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := offsets.Lookup("clicks", 0); got.At != 2 {
		t.Errorf("group offset %d, want 2", got.At)
	}
}

func TestStartCompactsCompactedTopicsOnly(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	compact := "compact,delete"
	createTopic(t, server.Addr(), "heartbeats", 1, map[string]*string{"cleanup.policy": &compact})
	createTopic(t, server.Addr(), "clicks", 1, nil)
	cl := client(t, server.Addr())
	latest := map[string]string{}
	for i := range 200 {
		for _, topic := range []string{"heartbeats", "clicks"} {
			r := &kgo.Record{Topic: topic, Key: []byte{'a' + byte(i%3)}, Value: []byte(randomText(1000))}
			produce(t, cl, r)
			if topic == "heartbeats" {
				latest[string(r.Key)] = string(r.Value)
			}
		}
	}
	stop(t, server)
	server = start(t, dir)
	heartbeats := readAll(t, server.Addr(), "heartbeats")
	if len(heartbeats) != 4 { // the last of each key, and the first record of the log
		t.Errorf("%d heartbeats after compaction, want 4", len(heartbeats))
	}
	for _, place := range []string{"0/197", "0/198", "0/199"} {
		if key := heartbeats[place][:1]; heartbeats[place] != key+"="+latest[key] {
			t.Errorf("heartbeat at %s is not the last of its key", place)
		}
	}
	if clicks := readAll(t, server.Addr(), "clicks"); len(clicks) != 200 {
		t.Errorf("%d clicks after compaction, want all 200", len(clicks))
	}
	if at := produce(t, client(t, server.Addr()), &kgo.Record{Topic: "heartbeats", Key: []byte("a"), Value: []byte("last")}); at != 200 {
		t.Errorf("the next record got offset %d, want 200", at)
	}
}

func TestCompactionKeepsTransactionsAsTheyEnded(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	compact := "compact"
	createTopic(t, server.Addr(), "catalog", 1, map[string]*string{"cleanup.policy": &compact})
	for range 3 {
		commitTransaction(t, server.Addr(), randomText(60_000))
	}
	abortTransaction(t, server.Addr(), randomText(60_000))
	commitTransaction(t, server.Addr(), "final")
	abortTransaction(t, server.Addr(), "never")
	stop(t, server)
	before := dirBytes(t, filepath.Join(dir, "partitions", "catalog-0"))
	server = start(t, dir)
	if after := dirBytes(t, filepath.Join(dir, "partitions", "catalog-0")); after > before*2/3 {
		t.Errorf("%d bytes after compaction of %d, want at most two thirds", after, before)
	}
	found := false
	for _, record := range readAll(t, server.Addr(), "catalog") {
		if record == "k=never" {
			t.Error("an aborted record became visible")
		}
		found = found || record == "k=final"
	}
	if !found {
		t.Error("the last committed record is gone")
	}
}

func TestAKillBetweenTheRenamesOfACompactionLosesNothing(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	createTopic(t, server.Addr(), "catalog", 1, nil)
	produce(t, client(t, server.Addr()), &kgo.Record{Topic: "catalog", Key: []byte("a"), Value: []byte("1")})
	stop(t, server)
	if err := os.Mkdir(filepath.Join(dir, "compacting"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "partitions", "catalog-0"), filepath.Join(dir, "compacting", "catalog-0.old")); err != nil {
		t.Fatal(err)
	}
	server = start(t, dir)
	if diff := cmp.Diff(map[string]string{"0/0": "a=1"}, readAll(t, server.Addr(), "catalog")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// randomText does not compress, so that sizes are what they seem.
func randomText(n int) string {
	text := ""
	for len(text) < n {
		text += rand.Text()
	}
	return text[:n]
}
