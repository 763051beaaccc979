package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/lint"
)

// lintFlags say what is judged and how it is told.
type lintFlags struct {
	platform []string
	strict   bool
	output   string
}

func lintCommand() *cobra.Command {
	f := lintFlags{}
	cmd := &cobra.Command{
		Use:   "lint DIR|FILE...",
		Short: "Check YAML and run its tests before it reaches a cluster",
		Long: `Check YAML by the rules of the cluster and by the compiler of the trackers, and run spec.tests of
campaigns with the trackers' own code. The exit status is 1 when there is a problem.

Trackers and policies of other teams come from --platform. Without an AggregationPipeline among all
files, references to objects that are not there are printed as not checked and are no problem.`,
		Example: `  clicktally lint campaigns/ --platform platform/
  clicktally lint spring.yaml
  clicktally lint . --strict -o json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			return runLint(cmd.Context(), f, paths, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.platform, "platform", nil, "file or folder with what these files refer to; judged by its owner, not here")
	flags.BoolVar(&f.strict, "strict", false, "fail on notices too")
	outputFlag(flags, &f.output)
	return cmd
}

// runLint prints what was found; errFailed when there is a problem.
func runLint(ctx context.Context, f lintFlags, paths []string, out io.Writer) error {
	if err := checkOutput(f.output); err != nil {
		return err
	}
	report, err := lint.Check(ctx, lint.Config{Paths: paths, Platform: f.platform, Now: time.Now()})
	if err != nil {
		return err
	}
	problems, bad := 0, map[string]bool{}
	for i := range report.Findings {
		finding := &report.Findings[i]
		if finding.Severity == lint.Error || f.strict && finding.Severity == lint.Notice {
			problems++
			bad[finding.File] = true
		}
	}
	if f.output == outputJSON {
		err = writeJSON(out, append([]lint.Finding{}, report.Findings...))
	} else {
		writeFindings(out, report, problems, len(bad))
	}
	if err == nil && problems > 0 {
		return errFailed
	}
	return err
}

func writeFindings(out io.Writer, report *lint.Report, problems, bad int) {
	for i := range report.Findings {
		fmt.Fprintln(out, report.Findings[i].String())
	}
	if problems == 0 {
		fmt.Fprintf(out, "no problems in %s\n", plural(report.Files, "file"))
		return
	}
	fmt.Fprintf(out, "%s in %d of %s\n", plural(problems, "problem"), bad, plural(report.Files, "file"))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// writeJSON writes a value for programs, indented for people who look at it.
func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
