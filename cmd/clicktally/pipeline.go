package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/spf13/pflag"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/standalone"
	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/repair"
)

// catalogWithin bounds how long a command waits for the catalog.
const catalogWithin = 30 * time.Second

// pipelineFlags say which pipeline a command works on: that of a running standalone, by its data
// directory, or any, by the addresses of its stores.
type pipelineFlags struct {
	kafka  process.Kafka
	stores stores.Flags
	data   string
}

func (f *pipelineFlags) add(flags *pflag.FlagSet) {
	f.kafka.AddFlags(flags)
	f.stores.AddFlags(flags)
	flags.StringVar(&f.data, "data", standalone.DefaultData, "data directory of a running standalone; not used with --kafka")
	if err := flags.MarkHidden("data-dir"); err != nil { // there is no copy of the catalog to keep
		panic(err) // the flag was declared above
	}
}

// connect opens the stores, Redis when it is named; closeAll ends them.
func (f *pipelineFlags) connect() (_ *repair.Pipeline, closeAll func(), err error) {
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
		return nil, nil, errors.New("--clickhouse is needed: the history is there")
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

// history connects to ClickHouse alone.
func (f *pipelineFlags) history() (driver.Conn, error) {
	if len(f.stores.ClickHouse) == 0 {
		if err := f.fromStandalone(); err != nil {
			return nil, err
		}
	}
	return f.stores.OpenClickHouse(0)
}

func (f *pipelineFlags) fromStandalone() error {
	a, err := standalone.ReadAddresses(f.data)
	if err != nil {
		return fmt.Errorf("%w; for a pipeline elsewhere state --kafka and --clickhouse, and --redis where it is changed", err)
	}
	if a.ClickHouse == "" {
		return errors.New("this standalone keeps no history")
	}
	f.kafka.Servers, f.kafka.Prefix = []string{a.Kafka}, a.TopicPrefix
	f.stores.Redis, f.stores.ClickHouse, f.stores.HTTP, f.stores.Database = []string{a.Redis}, []string{a.ClickHouse}, true, a.Database
	return nil
}

// checked is a pipeline with its catalog and the ledger that checks it.
type checked struct {
	*repair.Pipeline
	catalog *follow.Follower
	ledger  *ledger.Ledger
}

// check connects to the stores and waits for the catalog; patience is the ledger's, and say is told what is waited for.
// closeAll ends all.
func (f *pipelineFlags) check(ctx context.Context, patience time.Duration, say func(string)) (_ checked, closeAll func(), err error) {
	p, closeStores, err := f.connect()
	if err != nil {
		return checked{}, nil, err
	}
	say("reading the catalog")
	follower, stop, err := f.follow(ctx)
	if err != nil {
		closeStores()
		return checked{}, nil, err
	}
	l, err := ledger.New(ledger.Config{
		Kafka: p.Kafka, Topics: p.Topics, ClickHouse: p.ClickHouse, Database: p.Database, Catalog: follower.Current, Patience: patience,
	})
	if err != nil {
		stop()
		closeStores()
		return checked{}, nil, err
	}
	return checked{Pipeline: p, catalog: follower, ledger: l}, func() { l.Close(); stop(); closeStores() }, nil
}

// follow reads the catalog from the log: the partitions are listed from it.
func (f *pipelineFlags) follow(ctx context.Context) (_ *follow.Follower, stop func(), err error) {
	follower, err := f.kafka.Follower(quiet())
	if err != nil {
		return nil, nil, err
	}
	running, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = follower.Run(running) // nil once it is told to stop
	}()
	stop = func() { cancel(); <-ended }
	waiting, enough := context.WithTimeout(ctx, catalogWithin)
	defer enough()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for follower.Current() == nil || !follower.Synced() {
		select {
		case <-waiting.Done():
			stop()
			return nil, nil, fmt.Errorf("the catalog %s on %v was not read within %s: does Kafka answer, is the prefix right?",
				f.kafka.Topics().Catalog(), f.kafka.Servers, catalogWithin)
		case <-tick.C:
		}
	}
	return follower, stop, nil
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
