package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

const patience = 2 * time.Minute

func TestFlagsThatAreNeeded(t *testing.T) {
	for name, args := range map[string][]string{
		"nothing":          nil,
		"no keys":          {"--kafka", "127.0.0.1:1", "--tracker", "ct/eu"},
		"an argument":      {"--kafka", "127.0.0.1:1", "--click-id-keys-file", "a", "--hash-key-file", "b", "extra"},
		"an unknown flag":  {"--nonsense"},
		"a missing key":    {"--kafka", "127.0.0.1:1", "--click-id-keys-file", "/nowhere", "--hash-key-file", "/nowhere"},
		"an unnamed fleet": {"--kafka", "127.0.0.1:1", "--click-id-keys-file", keyFile(t), "--hash-key-file", keyFile(t)},
	} {
		cmd := command()
		cmd.SetArgs(args)
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		if err := cmd.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func keyFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("0123456789abcdef0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestTheProcessServesAndEndsOnSIGTERM runs the real binary against a Kafka on loopback.
func TestTheProcessServesAndEndsOnSIGTERM(t *testing.T) {
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
	process := exec.CommandContext(t.Context(), binary, "--kafka", strings.Join(cluster.ListenAddrs(), ","), "--topic-prefix", "ct", "--tracker", "ct/eu",
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--unready-for", "10ms",
		"--click-id-keys-file", keyFile(t), "--hash-key-file", keyFile(t), "--pod", "eu-0")
	lines, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	address := listening(t, lines)
	clickUntilServed(t, "http://"+address+"/v1/click?cid=nobody")
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}

// listening reads the log up to the line that names the address, and goes on reading in the background.
func listening(t *testing.T, lines io.Reader) string {
	t.Helper()
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		var line struct{ Msg, Visitors string }
		if err := json.Unmarshal(scanner.Bytes(), &line); err == nil && line.Visitors != "" {
			go func() { _, _ = io.Copy(io.Discard, lines) }()
			return line.Visitors
		}
	}
	t.Fatal("the process ended before it listened")
	return ""
}

func clickUntilServed(t *testing.T, url string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for deadline := time.Now().Add(patience); ; <-time.After(10 * time.Millisecond) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusFound && resp.Header.Get("Location") == "https://www.example.com/" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("status %d, Location %q", resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}

func publish(t *testing.T, brokers []string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, rec := range []*catalogpb.Record{
		{Body: &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{Namespace: "ct", Name: "main", OwnerCluster: "test"}}},
		{Body: &catalogpb.Record_GenerationRecord{GenerationRecord: &catalogpb.Generation{Topic: "ct.events.0", Partitions: 1}}},
		{Body: &catalogpb.Record_Tracker{Tracker: &catalogpb.Tracker{Namespace: "ct", Name: "eu", Domains: []string{"t.example.com"}, FallbackUrl: "https://www.example.com/", AllowedHosts: []string{"www.example.com"}}}},
	} {
		catalog.SetDigest(rec)
		value, err := rec.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		r := &kgo.Record{Topic: "ct.catalog", Key: []byte(catalog.KeyOf(rec)), Value: value}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}
