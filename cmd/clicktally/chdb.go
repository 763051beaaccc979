package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/child"
)

// chdbCommand is the child process that holds the embedded ClickHouse; standalone starts it.
func chdbCommand() *cobra.Command {
	return &cobra.Command{
		Use: "chdb", Hidden: true, DisableFlagParsing: true,
		Run: func(_ *cobra.Command, args []string) { os.Exit(child.Main(args)) },
	}
}
