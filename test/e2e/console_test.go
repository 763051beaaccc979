package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// step is a command of the page and what it printed there.
type step struct {
	line    int
	command string
	prints  []string
}

// TestFirstTenMinutes runs docs/first-ten-minutes.md in one shell, line by line, on an empty cluster.
func TestFirstTenMinutes(t *testing.T) {
	if os.Getenv("CLICKTALLY_E2E") == "" {
		t.Skip("SKIPPED: needs a cluster and images: make e2e")
	}
	root := need(t, "CLICKTALLY_ROOT")
	text, err := os.ReadFile(filepath.Join(root, "docs", "first-ten-minutes.md"))
	if err != nil {
		t.Fatal(err)
	}
	steps := transcript(string(text))
	if len(steps) < 20 {
		t.Fatalf("only %d commands were found in the page", len(steps))
	}
	s := newShell(t, root)
	for _, step := range steps {
		printed := s.run(step.command)
		if wrong := compare(step.prints, printed); wrong != "" {
			t.Fatalf("docs/first-ten-minutes.md:%d: $ %s\n%s\nit printed:\n%s", step.line, step.command, wrong, strings.Join(printed, "\n"))
		}
	}
}

// transcript reads the blocks of a page that begin with ```console. A command goes on to the end of its here-document.
func transcript(page string) []step {
	var steps []step
	inside, document := false, ""
	for i, line := range strings.Split(page, "\n") {
		switch command, prompt := strings.CutPrefix(line, "$ "); {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside:
		case document != "":
			steps[len(steps)-1].command += "\n" + line
			if line == document {
				document = ""
			}
		case prompt:
			steps = append(steps, step{line: i + 1, command: command})
			if here := regexp.MustCompile(`<<'(\w+)'`).FindStringSubmatch(command); here != nil {
				document = here[1]
			}
		default:
			last := &steps[len(steps)-1]
			last.prints = append(last.prints, line)
		}
	}
	return steps
}

// compare says where lines differ. "…" stands for anything in a line, and alone for any number of lines; blanks count as
// one, because columns are as wide as what stands in them.
func compare(want, got []string) string {
	pattern := strings.Builder{}
	for _, line := range want {
		if line == "…" {
			pattern.WriteString(`(.*\n)*`)
			continue
		}
		quoted := regexp.QuoteMeta(strings.Join(strings.Fields(line), " "))
		pattern.WriteString(strings.ReplaceAll(quoted, "…", ".*") + `\n`)
	}
	text := strings.Builder{}
	for _, line := range got {
		text.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	if regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(text.String()) {
		return ""
	}
	return "the page says:\n" + strings.Join(want, "\n")
}

// shell is one that goes on, with its variables and what runs in its background.
type shell struct {
	t     *testing.T
	stdin io.Writer
	lines chan string
	n     int
}

// newShell starts a shell in the checkout. The page installs released images; this one has those of this run.
func newShell(t *testing.T, root string) *shell {
	t.Helper()
	bin := t.TempDir()
	wrapper := fmt.Sprintf("#!/bin/bash\n[[ $1 != install ]] || set -- \"$@\" --set image.registry=%s --set image.tag=%s --set operator.resources.requests.cpu=10m\nexec %s \"$@\"\n",
		"${REGISTRY:-clicktally}", need(t, "TAG"), need(t, "HELM"))
	if err := os.WriteFile(filepath.Join(bin, "helm"), []byte(wrapper), 0o755); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	command := exec.Command("bash", "--noprofile", "--norc")
	command.Dir = root
	command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // of what it leaves in the background, too
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, in := io.Pipe()
	command.Stdout, command.Stderr = in, in
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, stdin: stdin, lines: make(chan string)}
	done := make(chan struct{})
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			select {
			case s.lines <- scanner.Text():
			case <-done:
			}
		}
	}()
	t.Cleanup(func() {
		close(done)
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGTERM) // it may have ended
		_ = command.Wait()
		in.Close()
	})
	return s
}

// run gives the shell a command and returns what was printed until it was through.
func (s *shell) run(command string) []string {
	s.t.Helper()
	s.n++
	end := fmt.Sprintf("end of command %d", s.n)
	if _, err := fmt.Fprintf(s.stdin, "%s\necho '%s'\n", command, end); err != nil {
		s.t.Fatal(err)
	}
	var printed []string
	for timeout := time.After(2 * patience); ; {
		select {
		case line := <-s.lines:
			if line == end {
				return printed
			}
			printed = append(printed, line)
		case <-timeout:
			s.t.Fatalf("$ %s\ndoes not come to its end; it printed:\n%s", command, strings.Join(printed, "\n"))
		}
	}
}
