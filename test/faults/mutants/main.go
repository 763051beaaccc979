// Command mutants breaks ClickTally on purpose, one way at a time, in a copy of the source tree, and
// runs the test that must notice. A mutant that nobody notices is a hole in the evidence: the last line
// is `mutants: total=N caught=N missed=N`, and the exit status is 1 when one was missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// catchWithin bounds one test, on a busy machine.
const catchWithin = 15 * time.Minute

func main() {
	only := flag.String("only", "", "only these mutants, separated by commas; empty: all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx, *only)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, only string) (bool, error) {
	dir, err := os.MkdirTemp("", "clicktally-mutants-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := copyTree(ctx, dir); err != nil {
		return false, err
	}
	chosen := mutants
	if only != "" {
		names := strings.Split(only, ",")
		chosen = slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return !slices.Contains(names, m.name) })
	}
	sound := map[string]error{} // by catcher: what it says of the tree as it is
	caught := 0
	for _, m := range chosen {
		command := strings.Join(m.catcher, " ")
		if _, known := sound[command]; !known {
			_, sound[command] = try(ctx, dir, m.catcher)
		}
		if err := sound[command]; err != nil {
			fmt.Printf("%-44s UNKNOWN: %s fails on the sound tree: %v\n", m.name, command, err)
			continue
		}
		seen, err := m.caughtIn(ctx, dir)
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err != nil:
			fmt.Printf("%-44s UNKNOWN: %v\n", m.name, err)
		case seen == "":
			fmt.Printf("%-44s MISSED by %s\n", m.name, command)
		default:
			caught++
			fmt.Printf("%-44s caught by %s: %s\n", m.name, command, seen)
		}
	}
	fmt.Printf("mutants: total=%d caught=%d missed=%d\n", len(chosen), caught, len(chosen)-caught)
	return caught == len(chosen), nil
}

// copyTree copies what git knows and what it does not ignore, as it stands in the working tree.
func copyTree(ctx context.Context, to string) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("list the source tree: %w", err)
	}
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // removed and not yet committed
		}
		if err != nil {
			return err
		}
		file := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// caughtIn breaks the tree, runs the catcher and mends the tree. It returns what the catcher said, empty
// when it noticed nothing.
func (m *mutant) caughtIn(ctx context.Context, dir string) (string, error) {
	for _, e := range m.edits {
		file := filepath.Join(dir, e.file)
		sound, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		defer func() { _ = os.WriteFile(file, sound, 0o644) }() // the copy is thrown away
		if n := strings.Count(string(sound), e.old); n != 1 {
			return "", fmt.Errorf("%s: %q stands there %d times, and the mutant needs it once: bring the mutant up to date", e.file, e.old, n)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(sound), e.old, e.becomes, 1)), 0o644); err != nil {
			return "", err
		}
	}
	output, err := try(ctx, dir, m.catcher)
	if err == nil {
		return "", nil
	}
	if strings.Contains(output, "[build failed]") || strings.Contains(output, "[setup failed]") {
		return "", fmt.Errorf("the mutant does not compile: %s", output)
	}
	return complaint(output), nil
}

// try runs a catcher in dir; its error is the exit status.
func try(ctx context.Context, dir string, catcher []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, catchWithin)
	defer cancel()
	command := exec.CommandContext(ctx, catcher[0], catcher[1:]...)
	command.Dir = dir
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	command.Env = append(os.Environ(), "GOFLAGS=", "CLICKTALLY_REQUIRE_SERVERS=1")
	output, err := command.CombinedOutput()
	if err == nil && strings.Contains(string(output), "no tests to run") {
		err = errors.New("there is no such test")
	}
	return string(output), err
}

// complaint is the first line in which a test said what is wrong, or the harness's last.
func complaint(output string) string {
	found := "its exit status"
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "_test.go:") && !strings.Contains(line, "run again with") {
			return clip(line)
		}
		if strings.HasPrefix(line, "faults: ") {
			found = line
		}
	}
	return clip(found)
}

func clip(s string) string {
	const most = 160
	return s[:min(len(s), most)]
}
