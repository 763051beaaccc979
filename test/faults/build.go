package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed clock/fault.go.txt
var clockSource string

// clockLine is the line of package time behind which the offset is added.
const clockLine = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {"

// binaries are the programs under test, built with failpoints.
type binaries struct {
	tracker, aggregator, query, clicktally, chdb string

	journals bool // trackers have a journal
	recovers bool // clicktally knows recover
}

// build compiles the tree at source into dir. Trackers get a clock that can be set: package time with an
// offset read from a file, put in by the compiler's overlay, because the ways from outside (faketime, a
// time namespace) reach neither a static Go program nor the wall clock.
func build(ctx context.Context, source, dir string) (binaries, error) {
	overlay, err := clockOverlay(ctx)
	if err != nil {
		return binaries{}, err
	}
	b := binaries{
		tracker: filepath.Join(dir, "tracker"), aggregator: filepath.Join(dir, "aggregator"), query: filepath.Join(dir, "query"),
		clicktally: filepath.Join(dir, "clicktally"), chdb: filepath.Join(dir, "chdb"),
	}
	for _, one := range []struct {
		to, pkg string
		flags   []string
	}{
		{b.tracker, "./cmd/tracker", []string{"-tags", "failpoints", "-overlay", overlay}},
		{b.aggregator, "./cmd/aggregator", []string{"-tags", "failpoints"}},
		{b.query, "./cmd/query", nil},
		{b.clicktally, "./cmd/clicktally", nil},
		{b.chdb, "./test/servers/chdb", nil},
	} {
		command := exec.CommandContext(ctx, "go", append(append([]string{"build"}, one.flags...), "-o", one.to, one.pkg)...)
		command.Dir = source
		command.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil {
			return b, fmt.Errorf("build %s: %w: %s", one.pkg, err, output)
		}
	}
	b.journals = hasFlag(b.tracker, "--journal-dir")
	b.recovers = hasFlag(b.clicktally, "recover")
	return b, nil
}

// clockOverlay writes the overlay where it stays: package time and all above it are compiled again
// whenever its files have another name.
func clockOverlay(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "clicktally", "faults")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	folder := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	text, err := os.ReadFile(filepath.Join(folder, "time.go"))
	if err != nil {
		return "", err
	}
	if strings.Count(string(text), clockLine) != 1 {
		return "", fmt.Errorf("%s/time.go is not the Go 1.26 that the clock fault knows", folder)
	}
	patched := strings.Replace(string(text), clockLine, strings.Replace(clockLine, "\n", "\n\tsec += faultOffset.Load()\n", 1), 1)
	replace := map[string]string{}
	for name, content := range map[string]string{"time.go": patched, "fault.go": clockSource} {
		file := filepath.Join(dir, "clock-"+name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(folder, name)] = file
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "clock.json")
	return file, os.WriteFile(file, list, 0o600)
}
