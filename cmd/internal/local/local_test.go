package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
)

func TestCommandsFindTheServersOfAStandalone(t *testing.T) {
	dir := t.TempDir()
	want := Servers{Kafka: "127.0.0.1:1", Redis: "127.0.0.1:2", ClickHouse: "127.0.0.1:3", TopicPrefix: "ct", Database: "db"}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "no standalone runs on data directory "+dir) {
		t.Errorf("without a standalone: %v", err)
	}
	for range 2 { // a later start replaces it
		if err := Write(dir, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(dir)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	var k process.Kafka
	var f stores.Flags
	if err := Point(dir, &k, &f); err != nil {
		t.Fatal(err)
	}
	if k.Servers[0] != want.Kafka || k.Prefix != "ct" || f.Redis[0] != want.Redis || f.ClickHouse[0] != want.ClickHouse || !f.HTTP || f.Database != "db" {
		t.Errorf("flags are %+v and %+v", k, f)
	}
	for range 2 {
		if err := Remove(dir); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), fileName) {
		t.Errorf("of a broken file: %v", err)
	}
}
