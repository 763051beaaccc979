package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/runtime/ledger/seal"
)

// sealFlags say which period is sealed and on what terms.
type sealFlags struct {
	repairFlags
	dueFlags

	from, to, zone string
	wait           time.Duration
	request        seal.Request
}

func sealCommand() *cobra.Command {
	f := sealFlags{}
	cmd := &cobra.Command{
		Use:   "seal PERIOD | --from TIME --to TIME --zone ZONE | --due Month --zone ZONE",
		Short: "State the totals of a period for good",
		Long: `Seal an hour, a day, a week from Monday or a month of a time zone: check that all of it is loaded, computed and
balanced, count it over raw events, and create its next revision. When the last revision says the same, nothing is
created. The status is 1 when the period cannot be sealed; what is in the way is named.

With --due it finds the periods itself: each that is over with its grace, from the one of the first raw event on, that has
no revision, or of which clicks came after the last one. Running it twice seals nothing twice.`,
		Example: `  clicktally seal 2026-11@Europe/Berlin --grace 48h
  clicktally seal --from 2026-11-01 --to 2026-12-01 --zone Europe/Berlin --dry-run
  clicktally seal --due Month --zone Europe/Berlin --grace 48h`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.kind != "" {
				return f.runDue(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			if f.result != "" || f.within != 0 {
				return errors.New("--result-file and --within go with --due")
			}
			return f.run(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	f.repairFlags.add(flags)
	f.dueFlags.add(flags)
	flags.StringVar(&f.from, "from", "", "begin of the period: a date or time of the zone, or RFC 3339")
	flags.StringVar(&f.to, "to", "", "end of the period, not included")
	flags.StringVar(&f.zone, "zone", "UTC", "time zone of the period: an IANA name")
	flags.DurationVar(&f.request.Grace, "grace", 0, "how long after its end the period waits for late events")
	flags.StringSliceVar(&f.request.Billable, "billable", []string{"Valid", "Suspicious"}, "statuses of clicks that are billed")
	flags.StringSliceVar(&f.request.Override, "override", nil, "boots, by id or pod, whose open journal or lost clicks are let pass")
	flags.BoolVar(&f.request.DryRun, "dry-run", false, "count and compare, and write nothing")
	flags.DurationVar(&f.wait, "wait", time.Minute, "how long to wait for what was logged to be loaded and computed")
	return cmd
}

func (f *sealFlags) run(ctx context.Context, args []string, out, progress io.Writer) error {
	var err error
	if f.request.Period, err = f.period(args); err != nil {
		return err
	}
	s, closeAll, err := f.start(ctx, progress)
	if err != nil {
		return err
	}
	defer closeAll()
	result, err := s.Seal(ctx, f.request)
	if err != nil {
		return err
	}
	return f.print(out, result)
}

// print tells what a seal came to.
func (f *sealFlags) print(out io.Writer, result *seal.Result) error {
	switch r := result.Revision; {
	case result.Created:
		fmt.Fprintf(out, "sealed %s: %d lines, content %s\n\n", r.Name(), len(r.Lines), r.Hash)
	case f.request.DryRun && len(result.Adjustments) > 0:
		fmt.Fprintf(out, "would seal %s: %d lines, content %s\n\n", r.Name(), len(r.Lines), r.Hash)
	default:
		fmt.Fprintf(out, "%s states the same already\n", r.Name())
		return nil
	}
	return printLines(out, result.Revision.Billable, result.Adjustments)
}

func (f *sealFlags) period(args []string) (seal.Period, error) {
	if len(args) == 1 {
		if f.from != "" || f.to != "" {
			return seal.Period{}, errors.New("name the period, or state --from and --to: not both")
		}
		return seal.ParsePeriod(args[0])
	}
	if f.from == "" || f.to == "" {
		return seal.Period{}, errors.New("name a period such as 2026-11@Europe/Berlin, or state --from and --to")
	}
	zone, err := seal.LoadZone(f.zone)
	if err != nil {
		return seal.Period{}, err
	}
	from, err := timeIn("from", f.from, zone)
	if err != nil {
		return seal.Period{}, err
	}
	to, err := timeIn("to", f.to, zone)
	if err != nil {
		return seal.Period{}, err
	}
	return seal.NewPeriod(from, to, zone)
}

// timeIn reads RFC 3339, or a date or minute of a zone.
func timeIn(flag, text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s %q: write a date such as 2026-11-01 or a time such as 2026-11-01T10:00, of %s", flag, text, zone)
}

// start completes the request, which has every step told, and connects to the pipeline; closeAll ends all.
func (f *sealFlags) start(ctx context.Context, progress io.Writer) (_ *seal.Sealer, closeAll func(), err error) {
	if f.request.Who, err = f.who(); err != nil {
		return nil, nil, err
	}
	f.request.Say = func(step string) { fmt.Fprintln(progress, step+" ...") }
	p, closeAll, err := f.check(ctx, f.wait, f.request.Say)
	if err != nil {
		return nil, nil, err
	}
	s, err := seal.New(seal.Config{ClickHouse: p.ClickHouse, Database: p.Database, Catalog: p.catalog.Current, Checker: p.ledger})
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	return s, closeAll, nil
}
