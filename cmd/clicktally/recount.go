package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/standalone"
	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/ledger"
)

// catalogWithin bounds how long a command waits for the catalog.
const catalogWithin = 30 * time.Second

// recountFlags say what is recounted, and how it is told.
type recountFlags struct {
	kafka                  process.Kafka
	stores                 stores.Flags
	data, from, to, output string
	wait                   time.Duration
	all                    bool
}

func recountCommand() *cobra.Command {
	f := recountFlags{}
	cmd := &cobra.Command{
		Use:   "recount --from TIME --to TIME",
		Short: "Recount raw events and prove that nothing is missing and nothing is counted twice",
		Long: `Recount the raw events of a period naively and compare them with the minute rows that every number is
made of; check that all of the log is loaded and computed; balance what every process accepted against
what is there. Changes nothing. The last line says "balanced: ...", and the status is 1 unless it is True.`,
		Example: `  clicktally recount --from 3h --data ./clicktally-data
  clicktally recount --from 2026-11-22T10:00Z --to 2026-11-22T13:00Z --kafka kafka:9092 --clickhouse ch:9000 -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	f.kafka.AddFlags(flags)
	f.stores.AddFlags(flags)
	flags.StringVar(&f.data, "data", standalone.DefaultData, "data directory of a running standalone; not used with --kafka")
	flags.StringVar(&f.from, "from", "", "first minute: a time in UTC, or an age such as 3h")
	flags.StringVar(&f.to, "to", "0s", "end, not included: a time in UTC, or an age (default: now)")
	flags.DurationVar(&f.wait, "wait", time.Minute, "how long to wait for what was logged to be loaded and computed")
	flags.StringVarP(&f.output, "output", "o", "table", "table or json")
	flags.BoolVar(&f.all, "all", false, "print every advertiser and campaign, equal ones too")
	if err := errors.Join(cmd.MarkFlagRequired("from"), flags.MarkHidden("data-dir")); err != nil {
		panic(err) // the flags were declared above
	}
	return cmd
}

func (f *recountFlags) run(ctx context.Context, out, progress io.Writer) error {
	period, err := f.period(time.Now())
	if err != nil {
		return err
	}
	if f.output != "table" && f.output != "json" {
		return fmt.Errorf("--output %s: write table or json", f.output)
	}
	l, done, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	report, err := l.Check(ctx, period, func(step string) { fmt.Fprintln(progress, step+" ...") })
	if err != nil {
		return err
	}
	if f.output == "json" {
		err = json.NewEncoder(out).Encode(report)
	} else {
		err = printRecount(out, report, f.all)
	}
	fmt.Fprintln(out, report.Verdict)
	if err == nil && report.Verdict.Status != ledger.True {
		err = errFailed
	}
	return err
}

// period widens what was stated to whole minutes of the past.
func (f *recountFlags) period(now time.Time) (ledger.Period, error) {
	from, err := parseTime("from", f.from, now)
	if err != nil {
		return ledger.Period{}, err
	}
	to, err := parseTime("to", f.to, now)
	return ledger.Period{From: from.Truncate(time.Minute), To: to.Truncate(time.Minute)}, err
}

// open connects to the stores and waits for the catalog; done ends all.
func (f *recountFlags) open(ctx context.Context) (_ *ledger.Ledger, done func(), err error) {
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
		return nil, nil, errors.New("--clickhouse is needed: what is recounted is the history")
	}
	follower, stop, err := f.follow(ctx)
	if err != nil {
		_ = history.Close() // the process ends: nothing follows from a failure
		return nil, nil, err
	}
	l, err := ledger.New(ledger.Config{
		Kafka: brokers, Topics: f.kafka.Topics(), ClickHouse: history, Database: f.stores.Database,
		Catalog: follower.Current, Patience: f.wait,
	})
	if err != nil {
		stop()
		_ = history.Close() // as above
		return nil, nil, err
	}
	return l, func() { l.Close(); stop(); _ = history.Close() }, nil
}

func (f *recountFlags) fromStandalone() error {
	a, err := standalone.ReadAddresses(f.data)
	if err != nil {
		return fmt.Errorf("%w; for a pipeline elsewhere state --kafka and --clickhouse", err)
	}
	if a.ClickHouse == "" {
		return errors.New("this standalone keeps no history, so there is nothing to recount")
	}
	f.kafka.Servers, f.kafka.Prefix = []string{a.Kafka}, a.TopicPrefix
	f.stores.ClickHouse, f.stores.HTTP, f.stores.Database = []string{a.ClickHouse}, true, a.Database
	return nil
}

// follow reads the catalog from the log: the partitions are listed from it.
func (f *recountFlags) follow(ctx context.Context) (_ *follow.Follower, stop func(), err error) {
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
