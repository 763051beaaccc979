// Package namespaces runs a program in Linux namespaces of its own: network, mounts and process ids. What happens in them
// ends with them. When the first process of a process-id namespace exits, the kernel kills all others, drops the mounts
// and deletes the network, so a cluster that crashed leaves as little behind as one that was stopped.
package namespaces

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Stage says where a process of this program stands.
type Stage string

// The stages. Each starts the next.
const (
	Outside Stage = ""       // started by the user
	First   Stage = "first"  // the first process of the namespaces: must call [RunFirst]
	Inside  Stage = "inside" // does the work
)

// stageVariable tells a process its stage, so that the arguments stay the user's.
const stageVariable = "CLICKTALLY_CLUSTER_STAGE"

// Current is the stage of this process. It is told once: what this process starts is not to inherit it.
func Current() Stage {
	stage := Stage(os.Getenv(stageVariable))
	_ = os.Unsetenv(stageVariable)
	return stage
}

// Enter starts this program once more, with the same arguments and with env added, in new namespaces. It calls started
// with the process id that nsenter --target needs, and returns the exit status when every process in there is gone.
// When ctx ends, the program inside gets SIGTERM; when the caller itself dies, everything inside is killed.
func Enter(ctx context.Context, env []string, started func(pid int) error) (int, error) {
	// The kernel watches the thread that made the child, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	first := exec.Command("/proc/self/exe", os.Args[1:]...)
	first.Env = append(append(os.Environ(), env...), stageVariable+"="+string(First))
	first.Stdin, first.Stdout, first.Stderr = os.Stdin, os.Stdout, os.Stderr
	first.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
	}
	if err := first.Start(); err != nil {
		return 0, fmt.Errorf("make namespaces (this needs root): %w", err)
	}
	if err := started(first.Process.Pid); err != nil {
		return 0, errors.Join(err, first.Process.Kill(), first.Wait())
	}
	defer context.AfterFunc(ctx, func() { _ = first.Process.Signal(syscall.SIGTERM) })()

	if err := first.Wait(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			return 0, fmt.Errorf("wait for the namespaces: %w", err)
		}
		return Status(exit.Sys().(syscall.WaitStatus)), nil
	}
	return 0, nil
}

// Status is the exit status a shell would report: 128 and the signal for a process that a signal ended.
func Status(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
