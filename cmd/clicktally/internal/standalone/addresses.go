package standalone

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Addresses are where the stores of a running standalone are. It writes them into its data directory,
// so that the commands that repair find it by --data alone.
type Addresses struct {
	Kafka       string `json:"kafka"`
	Redis       string `json:"redis"`
	ClickHouse  string `json:"clickHouse,omitempty"` // HTTP; empty without history
	TopicPrefix string `json:"topicPrefix"`
	Database    string `json:"database"`
}

// addressesFile lies in the data directory while the stores run.
func addressesFile(data string) string { return filepath.Join(data, "servers.json") }

// ReadAddresses finds the stores of the standalone that uses a data directory.
func ReadAddresses(data string) (Addresses, error) {
	var a Addresses
	text, err := os.ReadFile(addressesFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return a, fmt.Errorf("no standalone runs on %s: start it, or name its directory with --data", data)
	}
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return a, fmt.Errorf("addresses of the standalone on %s: %w", data, err)
	}
	return a, nil
}

func (s *Standalone) writeAddresses() error {
	a := Addresses{
		Kafka: s.servers.kafka.Addr(), Redis: s.servers.redis.Addr(), TopicPrefix: s.source.topics.Prefix, Database: s.source.database(),
	}
	if s.servers.clickHouse != nil {
		a.ClickHouse = s.servers.clickHouse.Addr()
	}
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("addresses of the stores: %w", err)
	}
	if err := replaceFile(addressesFile(s.config.Data), append(text, '\n')); err != nil {
		return fmt.Errorf("addresses of the stores: %w", err)
	}
	return nil
}
