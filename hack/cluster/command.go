package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/clicktally/clicktally/hack/cluster/namespaces"
)

// stopGrace is the time a command has to end after SIGTERM before it is killed.
const stopGrace = 20 * time.Second

// runCommand runs the user's command with env added and returns its exit status. When ctx ends, the command gets SIGTERM.
func runCommand(ctx context.Context, command, env []string) (int, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopGrace
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return 0, fmt.Errorf("run the command: %w", err)
	}
	status := namespaces.Status(cmd.ProcessState.Sys().(syscall.WaitStatus))
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended && ctx.Err() == nil {
		return status, fmt.Errorf("run the command: %w", err)
	}
	return status, nil
}

// onExistingCluster runs the command with the cluster that KUBECONFIG names.
func onExistingCluster(ctx context.Context, plan plan) (int, error) {
	say("KUBECONFIG is set: starting no cluster, using " + os.Getenv("KUBECONFIG"))
	if len(plan.images) > 0 {
		say("--image loads nothing into it: its nodes must have the images, or be able to pull them")
	}
	return runCommand(ctx, plan.command, nil)
}
