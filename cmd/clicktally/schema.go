package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/runtime/store"
)

// schemaCommand prints the tables that a pipeline has in ClickHouse.
func schemaCommand() *cobra.Command {
	var cluster, database string
	var keep store.Retention
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the ClickHouse tables of a pipeline",
		Long: "Print the statements that make a pipeline's tables in ClickHouse, for one server or, with --cluster, for a cluster.\n" +
			"An aggregator makes the tables of one server itself; those of a cluster are an administrator's to make.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			statements := store.Schema(database, keep)
			if cluster != "" {
				var err error
				if statements, err = store.ClusterSchema(database, keep, cluster); err != nil {
					return err
				}
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(statements, "\n;\n")+"\n;")
			return err
		},
	}
	kept := store.Retention{}.WithDefaults()
	flags := cmd.Flags()
	flags.StringVar(&cluster, "cluster", "", "name of the cluster in the servers' remote_servers (default: one server, no cluster)")
	flags.StringVar(&database, "database", "clicktally", "spec.clickHouse.database of the pipeline")
	flags.IntVar(&keep.RawDays, "raw-days", kept.RawDays, "days that raw events and minute rows are kept; raw 7 more")
	flags.IntVar(&keep.AggregateDays, "aggregate-days", kept.AggregateDays, "days that roll-ups, conversions and sessions are kept")
	flags.IntVar(&keep.FraudLogDays, "fraud-log-days", kept.FraudLogDays, "days that flagged clicks are kept")
	return cmd
}
