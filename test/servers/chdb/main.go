// Command chdb is the child process in which tests run libchdb. Package servers builds and starts it.
package main

import (
	"os"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/child"
)

func main() { os.Exit(child.Main(os.Args[1:])) }
