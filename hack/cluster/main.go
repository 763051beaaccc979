// Command cluster runs a real Kubernetes cluster of one node on a Linux machine without a container engine, as root, in
// namespaces of its own. See docs/cluster.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/clicktally/clicktally/hack/cluster/namespaces"
)

// Exit statuses of this program itself. Any other is the command's.
const (
	exitFailed = 1
	exitUsage  = 2
)

// errUsage was explained already.
var errUsage = errors.New("usage")

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		if !errors.Is(err, errUsage) && !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "cluster:", err)
			status = max(status, exitFailed)
		} else {
			status = exitUsage
		}
	}
	os.Exit(status)
}

// run is the program up to its exit status. It runs three times: outside, as the first process of the namespaces, and
// inside them.
func run(args []string) (int, error) {
	stage := namespaces.Current()
	if stage == namespaces.First {
		return namespaces.RunFirst()
	}
	plan, err := parse(args, os.Stderr)
	if err != nil {
		return 0, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	switch {
	case stage == namespaces.Inside:
		return inside(ctx, plan)
	case plan.command != nil && os.Getenv("KUBECONFIG") != "":
		return onExistingCluster(ctx, plan)
	default:
		return outside(ctx, plan)
	}
}

// say tells the user how far the cluster is, or what went wrong with it.
func say(what string) { fmt.Fprintln(os.Stderr, "cluster:", what) }
