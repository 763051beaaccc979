package namespaces

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// RunFirst is the first process of the namespaces. It starts this program for the third and last time, hands SIGTERM on,
// reaps whatever loses its parent, as containerd's shims do, and returns the exit status of the program inside. The
// caller exits with it, which ends everything else in the namespaces.
func RunFirst() (int, error) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)

	if err := privateMounts(); err != nil {
		return 0, err
	}
	env := append(os.Environ(), stageVariable+"="+string(Inside))
	inside, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Env: env, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return 0, fmt.Errorf("start the program in its namespaces: %w", err)
	}
	go func() {
		for got := range stop {
			// A terminal's Ctrl-C reached the program already; a SIGTERM came to this process alone.
			if got == syscall.SIGTERM {
				_ = inside.Signal(syscall.SIGTERM)
			}
		}
	}()
	return reap(inside.Pid)
}

// reap waits for every process that ends, until the given one does.
func reap(pid int) (int, error) {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, fmt.Errorf("wait for processes: %w", err)
		case ended == pid && (status.Exited() || status.Signaled()):
			return Status(status), nil
		}
	}
}

// privateMounts keeps mounts made from here on away from the host, and shows the processes of these namespaces in /proc.
func privateMounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	// Among themselves they are shared, as on any node: containers may ask for propagation.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts within the namespace: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}
