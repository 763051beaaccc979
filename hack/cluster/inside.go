package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/clicktally/clicktally/hack/cluster/kube"
	"github.com/clicktally/clicktally/hack/cluster/machine"
	"github.com/clicktally/clicktally/hack/cluster/volumes"
)

// inside starts the cluster in the namespaces it is in, and runs the command or waits. It stops nothing: everything ends
// with the namespaces when it returns.
func inside(ctx context.Context, plan plan) (int, error) {
	dir := os.Getenv(dirVariable)
	start := time.Now()
	cluster, err := startCluster(ctx, dir, plan.images)
	if err != nil {
		if ctx.Err() != nil {
			return 0, errors.New("interrupted while starting")
		}
		return 0, err
	}
	cluster.Watch(ctx, func(err error) { say(err.Error()) })
	say(fmt.Sprintf("ready after %s", time.Since(start).Round(time.Second)))
	if plan.command == nil {
		explain(dir)
		<-ctx.Done()
		return 0, nil
	}
	return runCommand(ctx, plan.command, []string{
		"KUBECONFIG=" + kube.Kubeconfig(dir),
		"CLUSTER_NODE_ADDRESS=" + machine.Address,
		"CLUSTER_APISERVER_PID=" + strconv.Itoa(cluster.APIServerPID()),
	})
}

// startCluster prepares the machine, starts Kubernetes on it and the provisioner of volumes.
func startCluster(ctx context.Context, dir string, images []string) (*kube.Cluster, error) {
	if err := machine.Prepare(dir); err != nil {
		return nil, err
	}
	cluster, err := kube.Start(ctx, kube.Config{
		Dir:    dir,
		Cgroup: filepath.Base(dir),
		Images: images,
		Say:    func(what string) { say("starting " + what) },
	})
	if err != nil {
		return nil, err
	}
	provisioner := volumes.Provisioner{
		Client: cluster.Client,
		Dir:    filepath.Join(dir, "volumes"),
		Node:   kube.NodeName,
		Report: func(err error) { say(err.Error()) },
	}
	if err := provisioner.CreateClass(ctx); err != nil {
		return nil, err
	}
	go provisioner.Run(ctx)
	return cluster, nil
}

// explain tells how to use a cluster that runs until it is interrupted.
func explain(dir string) {
	fmt.Printf(`
KUBECONFIG   %s   (its addresses exist inside the cluster's namespaces only)
enter        %s                     # a shell inside
             %s kubectl get nodes   # or a command
load images  %s ctr -n k8s.io images import FILE.tar
logs         %s
stop         Ctrl-C
`, kube.Kubeconfig(dir), enterPath(dir), enterPath(dir), enterPath(dir), kube.Logs(dir))
}
