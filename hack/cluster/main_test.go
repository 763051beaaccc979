package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// requireVariable makes a missing cluster a failure: where CI tests run, or on wish.
const requireVariable = "CLICKTALLY_REQUIRE_CLUSTER"

// insideVariable tells the test binary that it is the command of a cluster, and where it writes the cluster's folder to.
const insideVariable = "CLICKTALLY_TEST_INSIDE"

// programVariable makes the test binary the program itself, which starts itself again.
const programVariable = "CLICKTALLY_TEST_PROGRAM"

// endTimeout bounds what a cluster needs to end.
const endTimeout = time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestACommandUsesARealClusterThatLeavesNothing(t *testing.T) {
	if os.Getenv(insideVariable) != "" {
		t.Skip("this is the command")
	}
	path := findPrograms(t)
	before := mounts(t)
	image := buildImage(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temp, folder := t.TempDir(), filepath.Join(t.TempDir(), "folder")

	cmd := program(t, "run", "--image", image, "--",
		"env", "-u", programVariable, self, "-test.run=^TestInside", "-test.v", "-test.timeout=10m")
	cmd.Env = append(cmd.Env, "TMPDIR="+temp, programsVariable+"="+path, insideVariable+"="+folder)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}

	name, err := os.ReadFile(folder)
	if err != nil {
		t.Fatal("the command did not run:", err)
	}
	expectNothingLeft(t, temp, string(name))
	if after := mounts(t); after != before {
		t.Errorf("mounts before:\n%s\nand after:\n%s", before, after)
	}
}

func TestTheStatusOfTheCommandIsTheProgramsAndItsLogsAreKept(t *testing.T) {
	path := findPrograms(t)
	temp, logs := t.TempDir(), filepath.Join(t.TempDir(), "logs")
	cmd := program(t, "run", "--keep-logs", logs, "--", "/bin/sh", "-c", "echo $CLUSTER_DIR; exit 7")
	cmd.Env = append(cmd.Env, "TMPDIR="+temp, programsVariable+"="+path)
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("exit status %d (%v), want 7", cmd.ProcessState.ExitCode(), err)
	}
	if _, err := os.Stat(filepath.Join(logs, "kubelet.log")); err != nil {
		t.Error(err)
	}
	expectNothingLeft(t, temp, strings.TrimSpace(string(out)))
}

func TestAStartThatIsInterruptedLeavesNothing(t *testing.T) {
	path := findPrograms(t)
	temp := t.TempDir()
	cmd := program(t, "up", "--keep-logs", filepath.Join(t.TempDir(), "logs"))
	cmd.Env = append(cmd.Env, "TMPDIR="+temp, programsVariable+"="+path)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.Contains(lines.Text(), "starting kube-apiserver") {
		t.Log(lines.Text())
	}
	folders, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("folders of the cluster: %v, %v", folders, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stderr)
	if err := cmd.Wait(); err == nil {
		t.Error("exit status 0, want a failure: no cluster was there to use")
	}
	expectNothingLeft(t, temp, folders[0])
}

func TestWithAClusterOfTheUsersOwnNoneIsStarted(t *testing.T) {
	cmd := program(t, "run", "--", "/bin/sh", "-c", "echo $KUBECONFIG; exit 3")
	cmd.Env = append(cmd.Env, "KUBECONFIG=/mine")
	out, _ := cmd.Output()
	if got := string(out); got != "/mine\n" || cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("output %q, status %d; want /mine, 3", got, cmd.ProcessState.ExitCode())
	}
}
