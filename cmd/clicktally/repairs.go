package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/pflag"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/standalone"
	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
	"github.com/clicktally/clicktally/runtime/repair"
)

// repairFlags say which pipeline is repaired: that of a running standalone, by its data directory, or
// any, by the addresses of its stores.
type repairFlags struct {
	kafka  process.Kafka
	stores stores.Flags
	data   string
	by     string
}

func (f *repairFlags) add(flags *pflag.FlagSet) {
	f.kafka.AddFlags(flags)
	f.stores.AddFlags(flags)
	flags.StringVar(&f.data, "data", standalone.DefaultData, "data directory of the running standalone to repair; not used with --kafka")
	flags.StringVar(&f.by, "by", "", "who does it, for the record (default: your login on this machine)")
	if err := flags.MarkHidden("data-dir"); err != nil { // there is no copy of the catalog to keep
		panic(err) // the flag was declared above
	}
}

// connect opens the stores; close ends them.
func (f *repairFlags) connect() (_ *repair.Pipeline, closeAll func(), err error) {
	if len(f.kafka.Servers) == 0 {
		if err := f.fromStandalone(); err != nil {
			return nil, nil, err
		}
	}
	brokers, err := f.kafka.Options()
	if err != nil {
		return nil, nil, err
	}
	history, err := f.stores.OpenClickHouse(0)
	if err != nil {
		return nil, nil, err
	}
	if history == nil {
		return nil, nil, errors.New("--clickhouse is needed: what is repaired is the history")
	}
	p := &repair.Pipeline{Kafka: brokers, Topics: f.kafka.Topics(), ClickHouse: history, Database: f.stores.Database}
	closeAll = func() { _ = history.Close() } // the process ends: nothing follows from a failure
	if len(f.stores.Redis) == 0 {
		return p, closeAll, nil
	}
	live, err := f.stores.OpenRedis()
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	p.Redis = live
	return p, func() { _ = live.Close(); _ = history.Close() }, nil
}

func (f *repairFlags) fromStandalone() error {
	a, err := standalone.ReadAddresses(f.data)
	if err != nil {
		return fmt.Errorf("%w; for a pipeline elsewhere state --kafka, --clickhouse and --redis", err)
	}
	if a.ClickHouse == "" {
		return errors.New("this standalone keeps no history, so there is nothing to repair")
	}
	f.kafka.Servers, f.kafka.Prefix = []string{a.Kafka}, a.TopicPrefix
	f.stores.Redis, f.stores.ClickHouse, f.stores.HTTP, f.stores.Database = []string{a.Redis}, []string{a.ClickHouse}, true, a.Database
	return nil
}

// who is who does it: as stated, else the login.
func (f *repairFlags) who() (string, error) {
	if f.by != "" {
		return f.by, nil
	}
	u, err := user.Current()
	if err != nil {
		return "", errors.New("state who you are with --by: this machine does not say")
	}
	host, err := os.Hostname()
	if err != nil {
		return u.Username, nil //nolint:nilerr // a name without a host still says who
	}
	return u.Username + "@" + host, nil
}

// repairing runs one command against the stores.
func (f *repairFlags) repairing(ctx context.Context, do func(context.Context, *repair.Pipeline) error) error {
	p, closeAll, err := f.connect()
	if err != nil {
		return err
	}
	defer closeAll()
	return do(ctx, p)
}

// parseTime reads RFC 3339, a date or minute in UTC, or an age such as 90m or 36h.
func parseTime(what, text string, now time.Time) (time.Time, error) {
	if age, err := time.ParseDuration(text); err == nil {
		return now.Add(-age).UTC(), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s %q: write a time such as 2026-03-01T10:00Z or 2026-03-01, in UTC, or an age such as 90m", what, text)
}
