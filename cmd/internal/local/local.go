// Package local tells commands where the servers of a running standalone are: it keeps them in its
// data directory, because their ports are others at every start.
package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
)

// fileName is the file in the data directory.
const fileName = "servers.json"

// Servers are the embedded servers of one standalone, by their addresses, host:port.
type Servers struct {
	Kafka       string `json:"kafka"`
	Redis       string `json:"redis"`
	ClickHouse  string `json:"clickhouse,omitempty"` // over HTTP; empty without libchdb
	TopicPrefix string `json:"topic_prefix"`
	Database    string `json:"database"`
}

// Write replaces the file in a data directory.
func Write(dir string, s Servers) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write where the servers are: %w", err)
	}
	path := filepath.Join(dir, fileName)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write where the servers are: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write where the servers are: %w", err)
	}
	return nil
}

// Remove takes the file away; it is fine when there is none.
func Remove(dir string) error {
	if err := os.Remove(filepath.Join(dir, fileName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove where the servers are: %w", err)
	}
	return nil
}

// Read says where the servers of the standalone on a data directory are. After a kill the file may
// be there still, and nobody answers.
func Read(dir string) (Servers, error) {
	text, err := os.ReadFile(filepath.Join(dir, fileName))
	if errors.Is(err, fs.ErrNotExist) {
		return Servers{}, fmt.Errorf("no standalone runs on data directory %s: start one with --data %s, or name its directory", dir, dir)
	}
	if err != nil {
		return Servers{}, fmt.Errorf("read where the servers are: %w", err)
	}
	var s Servers
	if err := json.Unmarshal(text, &s); err != nil {
		return Servers{}, fmt.Errorf("read where the servers are: %s: %w", filepath.Join(dir, fileName), err)
	}
	return s, nil
}

// Point makes flags of a command those of the standalone on a data directory.
func Point(dir string, k *process.Kafka, f *stores.Flags) error {
	s, err := Read(dir)
	if err != nil {
		return err
	}
	k.Servers, k.Prefix = []string{s.Kafka}, s.TopicPrefix
	f.Redis, f.Database, f.HTTP = []string{s.Redis}, s.Database, true
	f.ClickHouse = nil
	if s.ClickHouse != "" {
		f.ClickHouse = []string{s.ClickHouse}
	}
	return nil
}
