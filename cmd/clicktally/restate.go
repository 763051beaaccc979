package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/runtime/repair"
)

// restateFlags say what is restated, and why.
type restateFlags struct {
	repairFlags
	from, to, campaign, reason string
	dryRun                     bool
}

func restateCommand() *cobra.Command {
	f := restateFlags{}
	cmd := &cobra.Command{
		Use:   "restate",
		Short: "Compute minutes again from raw events: the only way for totals to go down",
		Long: "Compute the minutes of a range again from raw events, under a raised epoch: the only way for totals to go down.\n" +
			"What no raw event explains any more becomes zero. Who did it, when, why, and what it changed is kept in the table\n" +
			"restatements. It may be interrupted at any point and repeated. --dry-run says what it would change, and writes nothing.",
		Example: `  clicktally restate --from 2026-03-01T10:00Z --to 2026-03-01T12:00Z --dry-run
  clicktally restate --from 2026-03-01T10:00Z --to 2026-03-01T12:00Z --reason "raw of a test run deleted"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.repairing(cmd.Context(), func(ctx context.Context, p *repair.Pipeline) error {
				return f.run(ctx, p, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	flags := cmd.Flags()
	f.add(flags)
	flags.StringVar(&f.from, "from", "", "first minute: a time in UTC, or an age such as 90m")
	flags.StringVar(&f.to, "to", "0s", "end, not included (default now)")
	flags.StringVar(&f.campaign, "campaign", "", "only minutes in which this campaign has events; all of such a minute is computed")
	flags.StringVar(&f.reason, "reason", "", "why, for the record")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what it would change, and write nothing")
	for _, name := range []string{"from"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was declared above
		}
	}
	return cmd
}

func (f *restateFlags) run(ctx context.Context, p *repair.Pipeline, out, progress io.Writer) error {
	r, err := f.given(time.Now())
	if err != nil {
		return err
	}
	r.Progress = reportProgress(progress)
	do := p.Restate
	if f.dryRun {
		do = p.Compare
	}
	done, err := do(ctx, r)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s to %s: %s, counted per partition\n", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339), plural(done.Minutes, "minute"))
	if err := writeDifference(out, done); err != nil {
		return err
	}
	if f.dryRun {
		fmt.Fprintln(out, "nothing was written (--dry-run)")
		return nil
	}
	fmt.Fprintf(out, "restated under epoch %d by %s; kept in table restatements as %s\n", done.Epoch, r.By, done.ID)
	return nil
}

func (f *restateFlags) given(now time.Time) (repair.Range, error) {
	r := repair.Range{Campaign: f.campaign, Reason: f.reason}
	var err error
	if r.From, err = parseTime("from", f.from, now); err != nil {
		return r, err
	}
	if r.To, err = parseTime("to", f.to, now); err != nil {
		return r, err
	}
	r.From, r.To = r.From.Truncate(time.Minute), r.To.Add(time.Minute-1).Truncate(time.Minute)
	if r.By, err = f.who(); err != nil {
		return r, err
	}
	if r.Reason == "" && !f.dryRun {
		return r, errors.New("--reason is needed: it is kept with what changes")
	}
	return r, nil
}

// progressEvery is how many minutes pass between two lines of progress.
const progressEvery = 1024

func reportProgress(out io.Writer) func(done, total int) {
	next := progressEvery
	return func(done, total int) {
		if done >= next {
			next = done + progressEvery
			fmt.Fprintf(out, "%d of %d minutes\n", done, total)
		}
	}
}

// writeDifference lists the campaigns whose counts differ, with every figure that does.
func writeDifference(out io.Writer, done repair.Restated) error {
	campaigns := map[string]bool{}
	for name := range done.Before {
		campaigns[name] = true
	}
	for name := range done.After {
		campaigns[name] = true
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	same := 0
	for _, name := range slices.Sorted(maps.Keys(campaigns)) {
		before, after := done.Before[name].Figures(), done.After[name].Figures()
		if maps.Equal(before, after) {
			same++
			continue
		}
		for _, figure := range figuresOf(before, after) {
			if before[figure] != after[figure] {
				fmt.Fprintf(table, "  %s\t%s\t%s\t->\t%s\n", campaignName(name), figure, amount(figure, before[figure]), amount(figure, after[figure]))
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "  %s unchanged\n", plural(same, "campaign"))
	return err
}

func figuresOf(before, after map[string]int64) []string {
	names := slices.Collect(maps.Keys(before))
	names = slices.AppendSeq(names, maps.Keys(after))
	slices.Sort(names)
	return slices.Compact(names)
}

// amount is a count, or money out of micros: its figure ends in a currency.
func amount(figure string, value int64) string {
	if !strings.Contains(figure, " ") {
		return strconv.FormatInt(value, 10)
	}
	sign := ""
	if value < 0 {
		sign, value = "-", -value
	}
	return fmt.Sprintf("%s%d.%06d", sign, value/1_000_000, value%1_000_000)
}

func campaignName(id string) string {
	if id == "" {
		return "(orphans)"
	}
	return id
}
