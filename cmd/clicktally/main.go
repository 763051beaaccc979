// Command clicktally is ClickTally on one machine: it serves a folder of YAML, checks and explains
// it, and sends visits to try it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

var version = "unknown" // set by the linker

// errFailed ends the process with status 1 when the command already said why.
var errFailed = errors.New("failed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	if !errors.Is(err, errFailed) {
		fmt.Fprintln(os.Stderr, "clicktally:", err)
	}
	os.Exit(1)
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "clicktally",
		Short:         "Ad click tracking, declared in YAML, counted exactly once",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(standaloneCommand(), lintCommand(), explainCommand(), loadgenCommand(), demoCommand(), chdbCommand(), aclsCommand(), schemaCommand())
	cmd.AddCommand(restateCommand(), recoverCommand(), dlqCommand())
	cmd.AddCommand(recountCommand(), storesCommand())
	cmd.AddCommand(sealCommand(), billCommand())
	return cmd
}
