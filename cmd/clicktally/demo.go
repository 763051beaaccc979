package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/standalone"
	"github.com/clicktally/clicktally/config/crd"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

// demoPatience is how long the counts may lag behind: late events are computed in what time the
// fresh minutes leave.
const demoPatience = 5 * time.Minute

func demoCommand() *cobra.Command {
	c := standalone.Config{}
	f := loadFlags{patience: demoPatience}
	verbose, once := false, false
	cmd := &cobra.Command{
		Use:   "demo -f DIR",
		Short: "Serve a folder, send it visits, show the counts beside the truth",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Version, c.Out, c.Log = version, cmd.OutOrStdout(), logger(cmd.ErrOrStderr(), verbose)
			return demo(cmd.Context(), c, f, once)
		},
	}
	standaloneFlags(cmd, &c, &verbose)
	cmd.Flags().StringVar(&f.scenario, "scenario", "", "scenario file (default: the built-in demo)")
	cmd.Flags().IntVar(&f.events, "events", 0, "distinct events to send (default: the scenario's)")
	cmd.Flags().IntVar(&f.rate, "rate", 0, "events per second (default: the scenario's)")
	cmd.Flags().BoolVar(&once, "once", false, "stop after the table instead of serving on")
	return cmd
}

// demo runs the main job from end to end. Its error is errFailed when the counts do not balance.
func demo(ctx context.Context, c standalone.Config, f loadFlags, once bool) (err error) {
	if f.token, err = anyToken(ctx, c.Dirs); err != nil {
		return err
	}
	fmt.Fprintln(c.Out, "starting ClickTally with its embedded stores ...")
	s, err := standalone.Start(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		if stopped := s.Stop(); err == nil {
			err = stopped
		}
	}()
	fmt.Fprintln(c.Out, s.Banner())
	f.tracker, f.query, f.readToken = s.TrackerURL(), s.QueryURL(), c.ReadToken
	f.ledger = filepath.Join(c.Data, "demo-truth.jsonl")
	f.onlySend = !s.HasHistory()
	if err := load(ctx, f, c.Out); err != nil {
		return err
	}
	if !s.HasHistory() {
		return fmt.Errorf("no balance without history: see above what is missing")
	}
	if once {
		return nil
	}
	serveOn(c.Out, s)
	return s.Wait(ctx)
}

func serveOn(out io.Writer, s *standalone.Standalone) {
	fmt.Fprintf(out, "\nstill serving: open %s/ in a browser, edit the YAML, or send clicks of your own; Ctrl-C stops\n", s.QueryURL())
}

// anyToken is the token of a traffic source in the folder: the demo's partner reports under it.
func anyToken(ctx context.Context, dirs []string) (string, error) {
	schema, err := crd.NewValidator()
	if err != nil {
		return "", err
	}
	set := (&folder.Loader{Schema: schema}).Load(ctx, dirs...)
	for _, source := range set.Objects.Sources {
		if token := standalone.TokenOf(set, source); token != "" {
			return token, nil
		}
	}
	return "", fmt.Errorf("no TrafficSource with a token in %v: the demo's partner reports under one; see config/samples/secret.yaml", dirs)
}
