package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/evaluation"
)

func storesCommand() *cobra.Command {
	c := evaluation.Config{}
	verbose := false
	cmd := &cobra.Command{
		Use:   "stores",
		Short: "Run the embedded Kafka, Redis and ClickHouse for other machines, to try ClickTally on an empty cluster",
		Long: "Run the embedded Kafka, Redis and ClickHouse where other machines reach them, so that ClickTally can be tried on an empty cluster.\n" +
			"None of them has users or passwords: keep the ports behind a network policy, and use real stores for real clicks.",
		Example: "  clicktally stores --advertise clicktally-evaluation.clicktally.svc --data /data",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Log = logger(cmd.ErrOrStderr(), verbose)
			s, err := evaluation.Start(cmd.Context(), c)
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), s.Banner())
			return s.Wait(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Advertise, "advertise", "", "name or address by which others reach this machine (required)")
	flags.StringVar(&c.ListenHost, "listen-host", "0.0.0.0", "address to listen on")
	flags.Uint16Var(&c.KafkaPort, "kafka-port", 9092, "port of Kafka")
	flags.Uint16Var(&c.RedisPort, "redis-port", 6379, "port of Redis")
	flags.Uint16Var(&c.ClickHousePort, "clickhouse-port", 8123, "port of ClickHouse's HTTP interface")
	flags.StringVar(&c.Admin, "admin", ":8080", "address of /healthz and /readyz")
	flags.StringVar(&c.Data, "data", "./clicktally-stores", "data directory of Kafka and ClickHouse; Redis keeps nothing")
	flags.BoolVarP(&verbose, "verbose", "v", false, "log what the stores do")
	return cmd
}
