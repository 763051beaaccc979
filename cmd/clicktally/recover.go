package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/runtime/repair"
)

// recoverFlags say which partitions are recovered.
type recoverFlags struct {
	repairFlags
	partitions []string
	yes        bool
}

func recoverCommand() *cobra.Command {
	f := recoverFlags{}
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Let stopped partitions go on after their log lost records",
		Long: "Let partitions go on that stopped because their log was cut above what was loaded (LogTruncated), was set back below\n" +
			"it (LogRewound), or is another topic of the same name (TopicReplaced). Without --partition it only shows which are\n" +
			"stopped and what would be given up. What is given up is written down as Lost; aggregators go on by themselves.",
		Example: `  clicktally recover
  clicktally recover --partition 0/3 --partition 0/5`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.repairing(cmd.Context(), func(ctx context.Context, p *repair.Pipeline) error {
				return f.run(ctx, p, cmd.InOrStdin(), cmd.OutOrStdout())
			})
		},
	}
	flags := cmd.Flags()
	f.add(flags)
	flags.StringArrayVar(&f.partitions, "partition", nil, "generation/partition to recover, or all; may be repeated")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	return cmd
}

func (f *recoverFlags) run(ctx context.Context, p *repair.Pipeline, in io.Reader, out io.Writer) error {
	by, err := f.who()
	if err != nil {
		return err
	}
	found, err := p.Examine(ctx)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		fmt.Fprintln(out, "nothing to recover: every partition's log goes on where its load ends")
		return nil
	}
	chosen, err := choose(found, f.partitions)
	if err != nil {
		return err
	}
	if len(f.partitions) == 0 {
		chosen = found
	}
	if err := writeStopped(out, chosen); err != nil {
		return err
	}
	if len(f.partitions) == 0 {
		fmt.Fprintln(out, "nothing was changed; name what to give up with --partition, or --partition all")
		return nil
	}
	if !f.yes {
		if err := confirm(in, out, fmt.Sprintf("give this up in %s and go on behind it?", plural(len(chosen), "partition"))); err != nil {
			return err
		}
	}
	for _, one := range chosen {
		if err := p.Recover(ctx, one, by); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s recovered by %s: [%d, %d) is Lost; aggregators go on behind it\n", one.Source(), by, one.From, one.To)
	}
	return nil
}

// choose picks the named partitions out of those that are stopped.
func choose(found []repair.Finding, names []string) ([]repair.Finding, error) {
	if slices.Contains(names, "all") {
		return found, nil
	}
	var chosen []repair.Finding
	for _, name := range names {
		i := slices.IndexFunc(found, func(f repair.Finding) bool { return f.Source() == name })
		if i < 0 {
			return nil, fmt.Errorf("--partition %s: %w: it goes on by itself, or is none of this pipeline", name, repair.ErrNotStopped)
		}
		chosen = append(chosen, found[i])
	}
	return chosen, nil
}

func writeStopped(out io.Writer, found []repair.Finding) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "PARTITION\tTOPIC\tCONDITION\tGIVES UP\tRECORDS\tLAST LOADED\tGOES ON AT")
	for _, f := range found {
		records := "unknown: the log that held them is gone"
		if f.Records >= 0 {
			records = strconv.FormatInt(f.Records, 10)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t[%d, %d)\t%s\t%s\t%s\n", f.Source(), f.Topic, f.Condition, f.From, f.To, records, shortTime(f.After), shortTime(f.Until))
	}
	return table.Flush()
}

func shortTime(t time.Time) string {
	if t.IsZero() || t.Unix() == 0 {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// confirm asks; anything but yes ends the command.
func confirm(in io.Reader, out io.Writer, question string) error {
	fmt.Fprintf(out, "%s [yes/no] ", question)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && answer == "" {
		return errors.New("nobody answered: --yes does not ask")
	}
	if strings.TrimSpace(strings.ToLower(answer)) != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}
