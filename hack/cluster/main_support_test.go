package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// findPrograms is the folders of the cluster's programs. Without them, or without root, it skips the test.
func findPrograms(t *testing.T) string {
	t.Helper()
	miss := t.Skip
	if os.Getenv(requireVariable) != "" {
		miss = t.Fatal
	}
	if testing.Short() {
		t.Skip("a cluster takes a minute")
	}
	if os.Geteuid() != 0 {
		miss("*** WITHOUT A CLUSTER: namespaces need root ***")
	}
	script, err := findUp(fetchScript)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), script, "node", "--cached").Output()
	if err != nil {
		miss("*** WITHOUT A CLUSTER: its programs are missing, hack/fetch-kube node builds them ***")
	}
	return strings.TrimSpace(string(out))
}

// program is this program, run by the test binary, with no cluster but its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), programVariable+"=1", "KUBECONFIG=")
	return cmd
}

// buildImage makes the archive of probe's image.
func buildImage(t *testing.T) string {
	t.Helper()
	folder, store, archive := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "probe.tar")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "probe"), "./probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the probe: %v: %s", err, out)
	}
	for _, args := range [][]string{
		{"bud", "-q", "--isolation", "chroot", "-t", probeImage, "-f", "probe/Dockerfile", folder},
		{"push", "-q", probeImage, "docker-archive:" + archive + ":" + probeImage},
	} {
		args = append([]string{"--storage-driver", "vfs", "--root", store, "--runroot", store + "/run"}, args...)
		if out, err := exec.CommandContext(t.Context(), "buildah", args...).CombinedOutput(); err != nil {
			t.Fatalf("buildah %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	return archive
}

// mounts is the host's table of mounts.
func mounts(t *testing.T) string {
	t.Helper()
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return string(table)
}

// expectNothingLeft looks for what a cluster whose folder was dir, in temp, could have left on the host.
func expectNothingLeft(t *testing.T, temp, dir string) {
	t.Helper()
	name := filepath.Base(dir)
	if len(name) < len("clicktally-cluster-") {
		t.Fatalf("%q is no folder of a cluster", dir)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	for _, pattern := range []string{"/sys/fs/cgroup/" + name, "/sys/fs/cgroup/*/" + name} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("control groups are left: %v", left)
		}
	}
	deadline := time.Now().Add(endTimeout)
	for {
		left := processesOf(name)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("processes are left: %q", left)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// processesOf are the command lines of processes in the control groups of a cluster, or that name its folder.
func processesOf(name string) []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		cmdline, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		groups, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cgroup"))
		if strings.Contains(string(cmdline), name) || strings.Contains(string(groups), name) {
			found = append(found, strings.ReplaceAll(string(cmdline), "\x00", " "))
		}
	}
	return found
}
