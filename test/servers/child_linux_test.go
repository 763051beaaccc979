package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childFile names the environment variable under which the test binary runs itself as a parent to be killed.
const childFile = "CLICKTALLY_TEST_CHILD_FILE"

// TestAChildDiesWithAKilledParent kills a process that started a child, as a test binary is killed at its time limit.
func TestAChildDiesWithAKilledParent(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		beParent(t, path)
	}
	path := filepath.Join(t.TempDir(), "pid")
	parent := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	parent.Env = append(os.Environ(), childFile+"="+path)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = parent.Wait() }) // it is killed below
	t.Cleanup(func() { _ = parent.Process.Kill() })
	var pid int
	await(t, "the child's process id", func() bool {
		text, err := os.ReadFile(path)
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(string(text))
		return err == nil
	})
	if gone(pid) {
		t.Fatalf("child %d does not run", pid)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the child", func() bool { return gone(pid) })
}

func beParent(t *testing.T, path string) {
	child, err := startChild(exec.Command("sleep", "600"))
	if err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(child.command.Process.Pid)
	if err := os.WriteFile(path+".new", []byte(pid), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	<-child.ended
	t.Fatal("the child ended before its parent was killed")
}

// gone says whether a process is no more, or is dead and waits for somebody to take its exit status.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute in vain: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}
