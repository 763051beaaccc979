package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/test/loadgen"
)

// loadFlags say where visits go and where the counts are read.
type loadFlags struct {
	scenario  string
	events    int
	rate      int
	seed      uint64
	tracker   string
	query     string
	token     string
	readToken string
	ledger    string
	patience  time.Duration
	quiet     bool
	onlySend  bool
}

func loadgenCommand() *cobra.Command {
	f := loadFlags{}
	cmd := &cobra.Command{
		Use:   "loadgen",
		Short: "Send realistic visits at a constant rate, then hold the counts against what was acknowledged",
		Example: `  clicktally loadgen
  clicktally loadgen --rate 2000 --events 200000 --ledger truth.jsonl
  clicktally loadgen --scenario my.yaml --tracker http://127.0.0.1:8080 --query http://127.0.0.1:8081`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.token = envOr(f.token, "CLICKTALLY_SOURCE_TOKEN")
			f.readToken = envOr(f.readToken, "CLICKTALLY_READ_TOKEN")
			return load(cmd.Context(), f, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.scenario, "scenario", "", "scenario file (default: the demo's)")
	flags.IntVar(&f.events, "events", 0, "distinct events to send (default: the scenario's)")
	flags.IntVar(&f.rate, "rate", 0, "events per second (default: the scenario's)")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of the visits (default: the scenario's)")
	flags.StringVar(&f.tracker, "tracker", "http://127.0.0.1:8080", "base URL of the tracker")
	flags.StringVar(&f.query, "query", "http://127.0.0.1:8081", "base URL of the query API")
	flags.StringVar(&f.token, "source-token", "", "secret of the traffic source that server events come from (or CLICKTALLY_SOURCE_TOKEN)")
	flags.StringVar(&f.readToken, "read-token", "", "bearer token of the query API (or CLICKTALLY_READ_TOKEN)")
	flags.StringVar(&f.ledger, "ledger", "", "file that keeps the ground truth; a later run goes on with it")
	flags.DurationVar(&f.patience, "patience", time.Minute, "how long the counts may lag behind the last acknowledgement")
	flags.BoolVar(&f.onlySend, "only-send", false, "do not read the counts afterwards")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress bar")
	return cmd
}

// load runs a scenario and prints what came of it; errFailed when the counts do not balance.
func load(ctx context.Context, f loadFlags, out io.Writer) (err error) {
	scenario, err := loadgen.Load(f.scenario)
	if err != nil {
		return err
	}
	f.override(scenario)
	ledger, err := loadgen.OpenLedger(f.ledger)
	if err != nil {
		return err
	}
	defer func() {
		if closed := ledger.Close(); err == nil {
			err = closed
		}
	}()
	earlier := len(ledger.Entries())
	audit := &loadgen.Audit{Reader: loadgen.Reader{Base: f.query, Token: f.readToken}, Patience: f.patience}
	if !f.onlySend {
		if err := audit.Begin(ctx); err != nil {
			return err
		}
	}
	config := loadgen.Config{Scenario: scenario, Tracker: f.tracker, Token: f.token, Ledger: ledger}
	if !f.quiet {
		config.Progress, audit.Progress = os.Stderr, os.Stderr
	}
	run, err := loadgen.New(config)
	if err != nil {
		return err
	}
	result := run.Do(ctx)
	writeResult(out, result)
	if f.onlySend {
		return nil
	}
	entries := ledger.Entries()
	balance, comparisons, err := audit.End(ctx, entries, entries[earlier:])
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := loadgen.WriteTable(out, comparisons); err != nil {
		return err
	}
	return writeBalance(out, balance, comparisons, result.Failed == 0)
}

func (f loadFlags) override(s *loadgen.Scenario) {
	if f.events > 0 {
		s.Events = f.events
	}
	if f.rate > 0 {
		s.Rate = f.rate
	}
	if f.seed > 0 {
		s.Seed = f.seed
	}
}

func writeResult(out io.Writer, r loadgen.Result) {
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(r.Answers)) {
		answers = append(answers, fmt.Sprintf("%d x %d", status, r.Answers[status]))
	}
	fmt.Fprintf(out, "%d requests in %.1f s (%s), %d without an answer; time to the answer: p50 %s, p95 %s, p99 %s\n",
		r.Requests, r.Took.Seconds(), strings.Join(answers, ", "), r.Failed,
		r.P50.Round(10*time.Microsecond), r.P95.Round(10*time.Microsecond), r.P99.Round(10*time.Microsecond))
}

// writeBalance prints the verdict; its last line is for scripts. A tracker that was away has lost
// the counters and impressions of the last hour, so that only lost and double are held against it.
func writeBalance(out io.Writer, b loadgen.Balance, comparisons []loadgen.Comparison, steady bool) error {
	fmt.Fprintln(out)
	different := 0
	for _, c := range comparisons {
		if !c.Same() {
			different++
		}
	}
	if different > 0 {
		fmt.Fprintf(out, "%d campaigns were judged or priced other than the scenario expects (rows marked <>)\n", different)
		if !steady {
			fmt.Fprintln(out, "the tracker was away for a while: what it remembered for velocity and ClickTooFast began anew")
		}
	}
	if b.Unacknowledged > 0 {
		fmt.Fprintf(out, "%d events were counted that no answer told us of: visits of others, or answers cut off after the event was durable\n", b.Unacknowledged)
	}
	for _, difference := range b.Differences {
		fmt.Fprintln(out, difference)
	}
	fmt.Fprintln(out, b)
	if !b.Balanced() || different > 0 && steady && b.Unacknowledged == 0 {
		return errFailed
	}
	return nil
}

func envOr(value, name string) string {
	if value != "" {
		return value
	}
	return os.Getenv(name)
}
