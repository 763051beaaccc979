package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/standalone"
)

func standaloneCommand() *cobra.Command {
	c := standalone.Config{}
	verbose := false
	cmd := &cobra.Command{
		Use:     "standalone -f DIR",
		Short:   "Serve a folder of YAML with everything on this machine",
		Long:    "Serve a folder of YAML with everything on this machine: Kafka, Redis and ClickHouse are embedded,\nthe folder is watched, and what was counted stays in the data directory.",
		Example: "  clicktally standalone -f config/samples",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Version, c.Out, c.Log = version, cmd.OutOrStdout(), logger(cmd.ErrOrStderr(), verbose)
			c.ReadToken = envOr(c.ReadToken, "CLICKTALLY_READ_TOKEN")
			s, err := standalone.Start(cmd.Context(), c)
			if errors.Is(err, standalone.ErrStopped) {
				return nil
			}
			if err != nil {
				return err
			}
			fmt.Fprint(c.Out, s.Banner())
			failed := s.Wait(cmd.Context())
			fmt.Fprintln(c.Out, "stopping: answering what is under way, counting what was answered")
			if err := s.Stop(); failed == nil {
				failed = err
			}
			return failed
		},
	}
	standaloneFlags(cmd, &c, &verbose)
	return cmd
}

// standaloneFlags are shared with the demo.
func standaloneFlags(cmd *cobra.Command, c *standalone.Config, verbose *bool) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&c.Dirs, "folder", "f", nil, "folder of YAML to serve, watched; may be repeated")
	flags.StringVar(&c.Data, "data", standalone.DefaultData, "data directory: log, history, keys")
	flags.StringVar(&c.Listen, "listen", standalone.DefaultListen, "address for visitors")
	flags.StringVar(&c.QueryListen, "query-listen", standalone.DefaultQueryListen, "address for readers")
	flags.StringVar(&c.AdminListen, "admin-listen", standalone.DefaultAdminListen, "address for health and metrics")
	flags.StringVar(&c.KafkaListen, "kafka-listen", "", "address of the embedded Kafka (default a free port)")
	flags.StringVar(&c.ClickHouseListen, "clickhouse-listen", "", "address of the embedded ClickHouse's HTTP interface (default a free port)")
	flags.StringVar(&c.Tracker, "tracker", "", "namespace/name of the Tracker to serve (default the folder's first)")
	flags.StringVar(&c.ReadToken, "read-token", "", "token that readers must state (or CLICKTALLY_READ_TOKEN; default none)")
	flags.BoolVar(&c.Fsync, "fsync", false, "sync every click to disk before it is answered, so that it survives a power cut")
	flags.BoolVarP(verbose, "verbose", "v", false, "log what the parts do")
}

// logger writes warnings, and with verbose everything, for people.
func logger(out io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
}
