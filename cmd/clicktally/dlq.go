package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/runtime/repair"
)

// dlqFlags choose dead letters.
type dlqFlags struct {
	repairFlags
	reason, from, to string
	limit            int
}

func dlqCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dlq",
		Short: "Show records that could not be counted, and produce them to the log again",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(dlqListCommand(), dlqReplayCommand())
	return cmd
}

func dlqListCommand() *cobra.Command {
	f := dlqFlags{}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Show dead letters, oldest first",
		Example: "  clicktally dlq list --reason TooEarly --from 24h",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.repairing(cmd.Context(), func(ctx context.Context, p *repair.Pipeline) error {
				letters, err := f.letters(ctx, p)
				if err != nil {
					return err
				}
				return writeLetters(cmd.OutOrStdout(), letters)
			})
		},
	}
	f.choose(cmd)
	return cmd
}

func dlqReplayCommand() *cobra.Command {
	f := dlqFlags{}
	again := false
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Produce dead letters to the log again",
		Long: "Produce dead letters to the log again, where they count by today's rules. A letter that still cannot be counted\n" +
			"stays. However often a letter is replayed, it counts once.",
		Example: "  clicktally dlq replay --reason WrongPartition --limit 1000",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			by, err := f.who()
			if err != nil {
				return err
			}
			return f.repairing(cmd.Context(), func(ctx context.Context, p *repair.Pipeline) error {
				letters, err := f.letters(ctx, p)
				if err != nil {
					return err
				}
				return replay(ctx, p, letters, by, again, cmd.OutOrStdout())
			})
		},
	}
	f.choose(cmd)
	cmd.Flags().BoolVar(&again, "again", false, "also those that were replayed before")
	return cmd
}

func (f *dlqFlags) choose(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.add(flags)
	flags.StringVar(&f.reason, "reason", "", "only letters of this reason: Poison, TooLate, TooEarly, WrongPartition")
	flags.StringVar(&f.from, "from", "", "only letters written from then on: a time in UTC, or an age such as 90m")
	flags.StringVar(&f.to, "to", "", "only letters written before then")
	flags.IntVar(&f.limit, "limit", 1000, "at most so many, the oldest; 0 for all")
}

func (f *dlqFlags) letters(ctx context.Context, p *repair.Pipeline) ([]repair.Letter, error) {
	wanted := repair.Wanted{Reason: f.reason, Limit: f.limit}
	now := time.Now()
	for _, bound := range []struct {
		name, text string
		into       *time.Time
	}{{"from", f.from, &wanted.From}, {"to", f.to, &wanted.To}} {
		if bound.text == "" {
			continue
		}
		var err error
		if *bound.into, err = parseTime(bound.name, bound.text, now); err != nil {
			return nil, err
		}
	}
	return p.Letters(ctx, wanted)
}

func writeLetters(out io.Writer, letters []repair.Letter) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	if len(letters) > 0 {
		fmt.Fprintln(table, "SOURCE\tREASON\tWRITTEN\tBYTES\tREPLAYED")
	}
	for i := range letters {
		l := &letters[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", l.Source(), l.Reason, shortTime(l.Written), len(l.Value), shortTime(l.Replays))
	}
	fmt.Fprintln(table, plural(len(letters), "dead letter"))
	return table.Flush()
}

// replay prints what became of each letter, and how many of each there were.
func replay(ctx context.Context, p *repair.Pipeline, letters []repair.Letter, by string, again bool, out io.Writer) error {
	var fresh []repair.Letter
	for _, l := range letters {
		if again || l.Replays.IsZero() {
			fresh = append(fresh, l)
		}
	}
	replayed, refused := 0, 0
	err := p.Replay(ctx, fresh, by, func(o repair.Outcome) {
		if o.To != "" {
			replayed++
		} else {
			refused++
		}
		fmt.Fprintf(out, "%s  %s  %s\n", o.Letter.Source(), o.Letter.Reason, cmp.Or(outcome(o.To), "still refused: "+o.Why))
	})
	fmt.Fprintf(out, "%d replayed, %d still refused, %d replayed before\n", replayed, refused, len(letters)-len(fresh))
	return err
}

func outcome(to string) string {
	if to == "" {
		return ""
	}
	return "replayed to " + to
}
