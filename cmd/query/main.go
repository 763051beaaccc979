// Command query serves readers: live figures, history, single clicks and the dashboard.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

var version = "unknown" // set by the linker

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "query:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	f := flags{}
	cmd := &cobra.Command{
		Use:           "query",
		Short:         "Serve ClickTally's readers: live figures, history, single clicks, the dashboard",
		Args:          cobra.NoArgs,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
	set := cmd.Flags()
	set.StringVar(&f.listen, "listen", ":8081", "address of the readers' port")
	set.StringVar(&f.admin, "admin-listen", ":9090", "address of /healthz, /readyz and /metrics")
	set.StringSliceVar(&f.kafka, "kafka", []string{"127.0.0.1:9092"}, "Kafka bootstrap servers")
	set.StringVar(&f.prefix, "topic-prefix", "ct", "spec.kafka.topicPrefix of the pipeline")
	set.StringVar(&f.cache, "catalog-cache", "", "file that keeps the last catalog over a restart (default: none)")
	set.StringSliceVar(&f.redis, "redis", []string{"127.0.0.1:6379"}, "Redis addresses; more than one is a Cluster")
	set.StringSliceVar(&f.clickHouse, "clickhouse", nil, "ClickHouse addresses; without one there is no history")
	set.BoolVar(&f.clickHouseHTTP, "clickhouse-http", false, "speak HTTP to ClickHouse instead of the native protocol")
	set.StringVar(&f.database, "database", "clicktally", "ClickHouse database")
	set.StringVar(&f.tokenFile, "token-file", "", "file with the bearer token that every read needs (default: none is needed)")
	return cmd
}
