package kafka_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const transactionalID = "publisher"

func transaction(t *testing.T, addr, value string) *kgo.Client {
	t.Helper()
	cl := client(t, addr, kgo.TransactionalID(transactionalID))
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	produce(t, cl, &kgo.Record{Topic: "catalog", Key: []byte("k"), Value: []byte(value)})
	return cl
}

func commitTransaction(t *testing.T, addr, value string) {
	t.Helper()
	cl := transaction(t, addr, value)
	if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	cl.Close()
}

func abortTransaction(t *testing.T, addr, value string) {
	t.Helper()
	cl := transaction(t, addr, value)
	if err := cl.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	cl.Close()
}

// leaveTransactionOpen has its record acknowledged and never ends the transaction.
func leaveTransactionOpen(t *testing.T, addr, value string) {
	t.Helper()
	transaction(t, addr, value)
}

func commitOffset(t *testing.T, addr, topic string, at int64) {
	t.Helper()
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, at, -1)
	if err := kadm.NewClient(client(t, addr)).CommitAllOffsets(t.Context(), "lag", offsets); err != nil {
		t.Fatal(err)
	}
}

func topicID(t *testing.T, addr, topic string) kadm.TopicID {
	t.Helper()
	details, err := kadm.NewClient(client(t, addr)).ListTopics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return details[topic].ID
}

func appendFile(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func flipByte(t *testing.T, path string, at int) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[at] ^= 0xff
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

func dirBytes(t *testing.T, dir string) int64 {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.dat"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no segments in %s: %v", dir, err)
	}
	total := int64(0)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	return total
}
