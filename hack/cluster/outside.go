package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clicktally/clicktally/hack/cluster/kube"
	"github.com/clicktally/clicktally/hack/cluster/machine"
	"github.com/clicktally/clicktally/hack/cluster/namespaces"
)

// dirVariable tells the program inside, and the user's command, where the cluster lives.
const dirVariable = "CLUSTER_DIR"

// outside makes the cluster's folder and control groups, runs this program once more in new namespaces, and removes what
// namespaces do not: these two.
func outside(ctx context.Context, plan plan) (status int, err error) {
	if os.Geteuid() != 0 {
		return 0, errors.New("a cluster needs root: namespaces, mounts and control groups are made for it")
	}
	ctx, stop := stopWithGoRun(ctx)
	defer stop()
	path, err := programs(ctx)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "clicktally-cluster-")
	if err != nil {
		return 0, err
	}
	// Pods reach the folders of their volumes through it.
	if err := os.Chmod(dir, 0o755); err != nil {
		return 0, err
	}
	group := filepath.Base(dir)
	defer func() {
		failed := status != 0 || err != nil
		err = errors.Join(err, machine.RemoveCgroups(group), removeDir(dir, plan.keepLogs, failed))
	}()
	if err := machine.MakeCgroups(group); err != nil {
		return 0, err
	}
	start := time.Now()
	env := []string{dirVariable + "=" + dir, "PATH=" + path + ":" + os.Getenv("PATH")}
	status, err = namespaces.Enter(ctx, env, func(pid int) error { return writeEnterScript(dir, path, pid) })
	say(fmt.Sprintf("down after %s", time.Since(start).Round(time.Second)))
	return status, err
}

// removeDir removes the cluster's folder, but for its logs when it failed. Logs go to keep when that is set.
func removeDir(dir, keep string, failed bool) error {
	logs := kube.Logs(dir)
	if keep != "" {
		if err := os.CopyFS(keep, os.DirFS(logs)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("copy the logs, which stay in %s: %w", logs, err)
		}
		return os.RemoveAll(dir)
	}
	if !failed {
		return os.RemoveAll(dir)
	}
	say("logs are kept in " + logs)
	entries, err := os.ReadDir(dir)
	problems := []error{err}
	for _, entry := range entries {
		if path := filepath.Join(dir, entry.Name()); path != logs {
			problems = append(problems, os.RemoveAll(path))
		}
	}
	return errors.Join(problems...)
}
