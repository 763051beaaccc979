package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const usage = `Runs a Kubernetes cluster of one node in namespaces of its own. Needs Linux and root; see docs/cluster.md.

  go run ./hack/cluster up  [flags]                   run until Ctrl-C
  go run ./hack/cluster run [flags] -- COMMAND ARGS   run while COMMAND runs, and exit with its status

COMMAND runs inside the namespaces, with these in its environment:
  KUBECONFIG             the administrator's kubeconfig
  CLUSTER_NODE_ADDRESS   the node's address, for NodePorts
  CLUSTER_APISERVER_PID  process id of kube-apiserver, to be stopped (SIGSTOP) and continued (SIGCONT)
  CLUSTER_DIR            the cluster's folder; logs are in its logs/
  PATH                   with kubectl and ctr
With KUBECONFIG set already, run starts no cluster: COMMAND runs with that one.

Flags:
`

// plan is what the user asked for.
type plan struct {
	images   images
	keepLogs string   // where logs are copied to, or empty
	command  []string // nil: run until interrupted
}

// images is a flag that may be repeated.
type images []string

// String is the flag's value.
func (i *images) String() string { return fmt.Sprint(*i) }

// Set adds an archive.
func (i *images) Set(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	*i = append(*i, path)
	return nil
}

// parse reads the command line. What is wrong with flags, and the usage, go to explanation.
func parse(args []string, explanation io.Writer) (plan, error) {
	var p plan
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(explanation)
	flags.Var(&p.images, "image", "load the image archive `FILE.tar`; may be repeated")
	flags.StringVar(&p.keepLogs, "keep-logs", "", "copy the logs to `DIR` at the end")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if len(args) == 0 {
		flags.Usage()
		return p, errUsage
	}
	verb, args := args[0], args[1:]
	if verb != "up" && verb != "run" {
		flags.Usage()
		return p, errUsage
	}
	if err := flags.Parse(args); err != nil {
		return p, errUsage
	}
	switch {
	case verb == "up" && flags.NArg() > 0:
		return p, fmt.Errorf("up takes no command: use run -- %s", flags.Arg(0))
	case verb == "run" && flags.NArg() == 0:
		return p, errors.New("run needs a command: run -- COMMAND ARGS")
	case verb == "run":
		p.command = flags.Args()
	}
	return p, nil
}
