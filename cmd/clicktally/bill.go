package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/internal/batch"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger/archive"
	"github.com/clicktally/clicktally/runtime/ledger/seal"
	"github.com/clicktally/clicktally/runtime/store"
)

// billFlags say which sealed revision is meant.
type billFlags struct {
	pipelineFlags

	revision         uint32
	adjustments      bool
	endpoint, bucket string
}

func billCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bill", Short: "Show sealed periods, and derive them again"}
	cmd.AddCommand(billListCommand(), billShowCommand(), billVerifyCommand())
	return cmd
}

func billListCommand() *cobra.Command {
	f := billFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List sealed periods and their revisions", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.list(cmd.Context(), cmd.OutOrStdout()) },
	}
	f.add(cmd.Flags())
	return cmd
}

func billShowCommand() *cobra.Command {
	f := billFlags{}
	cmd := &cobra.Command{
		Use: "show PERIOD", Short: "Show a sealed revision", Args: cobra.ExactArgs(1),
		Example: "  clicktally bill show 2026-11@Europe/Berlin --revision 2 --adjustments",
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.show(cmd.Context(), args[0], cmd.OutOrStdout())
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().Uint32Var(&f.revision, "revision", 0, "number of the revision (default: the last)")
	cmd.Flags().BoolVar(&f.adjustments, "adjustments", false, "show the differences to the revision before instead of the totals")
	return cmd
}

func billVerifyCommand() *cobra.Command {
	f := billFlags{}
	cmd := &cobra.Command{
		Use: "verify PERIOD", Short: "Derive a sealed revision again from raw events", Args: cobra.ExactArgs(1),
		Long: `Count a sealed revision again over raw events at its cuts, and compare the content. Raw that has expired is read from
the archive with --archive-endpoint and --archive-bucket (S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY or ..._FILE).
The status is 1 when the content differs.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.verify(cmd.Context(), args[0], cmd.OutOrStdout())
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().Uint32Var(&f.revision, "revision", 0, "number of the revision (default: the last)")
	cmd.Flags().StringVar(&f.endpoint, "archive-endpoint", "", "S3 store of the archive, as ClickHouse reaches it")
	cmd.Flags().StringVar(&f.bucket, "archive-bucket", "", "bucket of the archive")
	return cmd
}

func (f *billFlags) list(ctx context.Context, out io.Writer) error {
	history, err := f.history()
	if err != nil {
		return err
	}
	defer func() { _ = history.Close() }() // the process ends: nothing follows from a failure
	sealed, err := store.ReadAllSealed(ctx, history, f.stores.Database)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PERIOD\tREVISION\tLINES\tSEALED\tBY\tCONTENT")
	for i := range sealed {
		s := &sealed[i]
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\t%.12s\n", s.Period, s.Revision, s.Lines, s.At.UTC().Format(time.RFC3339), s.Who, s.Hash)
	}
	return table.Flush()
}

// read returns a revision and the lines of the one before it.
func (f *billFlags) read(ctx context.Context, raw seal.Raw, name string) (r *seal.Revision, before []store.BillLine, err error) {
	period, err := seal.ParsePeriod(name)
	if err != nil {
		return nil, nil, err
	}
	if r, err = seal.Read(ctx, raw, period, f.revision); err != nil {
		return nil, nil, err
	}
	if r.Number > 1 && f.adjustments {
		earlier, err := seal.Read(ctx, raw, period, r.Number-1)
		if err != nil {
			return nil, nil, err
		}
		before = earlier.Lines
	}
	return r, before, nil
}

func (f *billFlags) show(ctx context.Context, name string, out io.Writer) error {
	history, err := f.history()
	if err != nil {
		return err
	}
	defer func() { _ = history.Close() }() // the process ends: nothing follows from a failure
	r, before, err := f.read(ctx, seal.Raw{ClickHouse: history, Database: f.stores.Database}, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "revision   %s\n", r.Name())
	fmt.Fprintf(out, "period     %s to %s\n", r.Period.From.Format(time.RFC3339), r.Period.To.Format(time.RFC3339))
	fmt.Fprintf(out, "sealed     %s by %s\n", r.At.Format(time.RFC3339), r.Who)
	fmt.Fprintf(out, "content    %s (method %d)\n", r.Hash, r.Method)
	fmt.Fprintf(out, "cuts       %s\n", cutsText(r.Cuts))
	fmt.Fprintf(out, "policies   %s\n", cmp.Or(strings.Join(r.Policies, ", "), "none"))
	fmt.Fprintf(out, "billed     %s clicks\n", strings.Join(r.Billable, " and "))
	for _, passed := range r.Overridden {
		fmt.Fprintf(out, "overridden %s\n", passed)
	}
	fmt.Fprintln(out)
	lines := r.Lines
	if f.adjustments {
		lines = seal.Adjust(before, r.Lines)
	}
	return printLines(out, r.Billable, lines)
}

// shownCuts bounds how many partitions are listed.
const shownCuts = 24

func cutsText(cuts map[event.SrcPart]uint64) string {
	var list []string
	for _, part := range slices.Sorted(maps.Keys(cuts)) {
		if len(list) == shownCuts {
			list = append(list, fmt.Sprintf("and %d more partitions", len(cuts)-shownCuts))
			break
		}
		list = append(list, fmt.Sprintf("%d/%d below %d", part.Generation(), part.Partition(), cuts[part]))
	}
	return strings.Join(list, ", ")
}

func (f *billFlags) verify(ctx context.Context, name string, out io.Writer) error {
	history, err := f.history()
	if err != nil {
		return err
	}
	defer func() { _ = history.Close() }() // the process ends: nothing follows from a failure
	raw := seal.Raw{ClickHouse: history, Database: f.stores.Database}
	r, _, err := f.read(ctx, raw, name)
	if err != nil {
		return err
	}
	from := "raw"
	if f.bucket != "" {
		key, err := batch.KeyFromEnv()
		if err != nil {
			return err
		}
		bucket := archive.Bucket{Endpoint: f.endpoint, Name: f.bucket, AccessKeyID: key.ID, SecretAccessKey: key.Secret}
		if raw.Source, err = archive.Source(ctx, history, f.stores.Database, bucket, r.Cuts); err != nil {
			return err
		}
		from = "the archive"
	}
	if err := seal.Rederive(ctx, raw, r); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s was derived again from %s: %d lines, content %s\n", r.Name(), from, len(r.Lines), r.Hash)
	return err
}

// printLines prints lines of a bill or adjustments, and a sum for each currency.
func printLines(out io.Writer, billable []string, lines []store.BillLine) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight|tabwriter.DiscardEmptyColumns)
	fmt.Fprintln(table, "advertiser\tcampaign\tad\tpublisher\tgross\tgeneral invalid\tsophisticated invalid\tnet\tbilled\tamount\tcurrency\t")
	row := func(k store.BillKey, f seal.Figures) {
		for _, text := range []string{k.Advertiser, k.Campaign, k.Ad, k.Publisher} {
			fmt.Fprint(table, cmp.Or(text, "-"), "\t")
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%s\t%s\t\n", f.Gross.Clicks, f.General.Clicks, f.Sophisticated.Clicks, f.Net.Clicks,
			f.Billed.Clicks, f.Billed.Amount(), cmp.Or(k.Currency, "-"))
	}
	for _, l := range lines {
		row(l.BillKey, seal.FiguresOf(billable, l))
	}
	parts := seal.ByCurrency(lines)
	for _, currency := range slices.Sorted(maps.Keys(parts)) {
		row(store.BillKey{Advertiser: "all", Currency: currency}, seal.FiguresOf(billable, parts[currency]...))
	}
	return table.Flush()
}
