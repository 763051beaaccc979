// Command query serves readers: live figures, history, single clicks and the dashboard.
package main

import (
	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
)

var version = "unknown" // set by the linker

// options say where the stores are and who may read.
type options struct {
	kafka                    process.Kafka
	stores                   stores.Flags
	listen, admin, tokenFile string
	byCluster                bool
	pipeline                 string

	opened func(api, admin string) // tells a test which ports were opened; nil otherwise
}

func main() { process.Main(command()) }

func command() *cobra.Command {
	o := options{}
	cmd := &cobra.Command{
		Use:     "query",
		Short:   "Serve readers: live figures, history, single clicks, the dashboard",
		Args:    cobra.NoArgs,
		Version: version,
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.kafka.AddFlags(cmd.Flags())
	o.stores.AddFlags(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", ":8081", "address for readers")
	flags.StringVar(&o.admin, "admin-listen", ":9090", "address of /healthz, /readyz and /metrics")
	flags.StringVar(&o.tokenFile, "token-file", "", "file with the bearer token that every read needs (default: none is needed)")
	flags.BoolVar(&o.byCluster, "authorize-by-cluster", false, "ask the API server of this pod's cluster whether a reader may get aggregationpipelines/stats of --pipeline (default: who reaches this process reads)")
	flags.StringVar(&o.pipeline, "pipeline", "", "the AggregationPipeline that is read here, NAMESPACE/NAME, for --authorize-by-cluster")
	return cmd
}
