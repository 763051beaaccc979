// Package standalone runs all of ClickTally on one machine: embedded stores reached through their
// real clients, a watched folder of YAML in place of the operator, one tracker, one aggregator and
// the query API.
package standalone

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
)

// Defaults of a Config.
const (
	DefaultData        = "./clicktally-data"
	DefaultListen      = "127.0.0.1:8080"
	DefaultQueryListen = "127.0.0.1:8081"
	DefaultAdminListen = "127.0.0.1:8082"
	// defaultPartitions serve when the pipeline states no number: enough for two cores.
	defaultPartitions = 8
)

// Config says what to serve and where. Everything but Dirs has a default.
type Config struct {
	Dirs []string // folders of YAML, watched
	Data string   // data directory: one process uses it at a time

	Listen           string // the tracker's visitors
	QueryListen      string // readers
	AdminListen      string // health and metrics of all parts
	KafkaListen      string // default: a free port
	ClickHouseListen string // default: a free port

	Tracker   string // namespace/name of the Tracker to be; default: the folder's first by name
	ReadToken string // when set, readers must state it
	Fsync     bool   // sync every click to disk before it is answered: it survives a power cut
	Version   string

	Out io.Writer // what people read: URLs, problems
	Log *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if len(c.Dirs) == 0 {
		return c, errors.New("no folder given: name one with -f, for example -f config/samples")
	}
	c.Data = cmp.Or(c.Data, DefaultData)
	c.Listen = cmp.Or(c.Listen, DefaultListen)
	c.QueryListen = cmp.Or(c.QueryListen, DefaultQueryListen)
	c.AdminListen = cmp.Or(c.AdminListen, DefaultAdminListen)
	c.Version = cmp.Or(c.Version, "unknown")
	if c.Out == nil {
		c.Out = io.Discard
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func (c *Config) sourcesDir() string { return filepath.Join(c.Data, "sources") }

// journalDir is where clicks wait while the embedded Kafka does not answer.
func (c *Config) journalDir() string { return filepath.Join(c.Data, "journal") }
