package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/runtime/ledger"
)

// recountFlags say what is recounted, and how it is told.
type recountFlags struct {
	pipelineFlags

	from, to, output string
	wait             time.Duration
	all              bool
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
	f.add(flags)
	flags.StringVar(&f.from, "from", "", "first minute: a time in UTC, or an age such as 3h")
	flags.StringVar(&f.to, "to", "0s", "end, not included: a time in UTC, or an age (default: now)")
	flags.DurationVar(&f.wait, "wait", time.Minute, "how long to wait for what was logged to be loaded and computed")
	flags.StringVarP(&f.output, "output", "o", "table", "table or json")
	flags.BoolVar(&f.all, "all", false, "print every advertiser and campaign, equal ones too")
	if err := cmd.MarkFlagRequired("from"); err != nil {
		panic(err) // the flag was declared above
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
	say := func(step string) { fmt.Fprintln(progress, step+" ...") }
	p, closeAll, err := f.check(ctx, f.wait, say)
	if err != nil {
		return err
	}
	defer closeAll()
	report, err := p.ledger.Check(ctx, period, say)
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
