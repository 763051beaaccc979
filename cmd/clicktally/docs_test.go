package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/lint"
)

const repository = "../.."

// TestYAMLInDocsPasses lints every YAML block of the pages that users read, with the samples as the
// platform. A block that is a part of an object has the comment <!-- fragment --> in front of it.
func TestYAMLInDocsPasses(t *testing.T) {
	blocks := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line, block := range yamlBlocks(string(text)) {
			blocks++
			t.Run(fmt.Sprintf("%s:%d", strings.TrimPrefix(page, repository+"/"), line), func(t *testing.T) {
				lintBlock(t, block)
			})
		}
	}
	if blocks == 0 {
		t.Error("no YAML block was found in any page")
	}
}

// pages are README.md and everything below docs.
func pages(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, root := range []string{filepath.Join(repository, "README.md"), filepath.Join(repository, "docs")} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".md" {
				list = append(list, path)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return list
}

// yamlBlocks returns the blocks that are whole objects, by the line they begin at.
func yamlBlocks(text string) map[int]string {
	blocks := map[int]string{}
	start, before := 0, ""
	var block strings.Builder
	number := 0
	for line := range strings.Lines(text) {
		number++
		bare := strings.TrimSpace(line)
		switch {
		case start > 0 && bare == "```":
			blocks[start] = block.String()
			start = 0
		case start > 0:
			block.WriteString(line)
		case bare == "```yaml" && before != "<!-- fragment -->":
			start = number
			block.Reset()
		}
		if bare != "" {
			before = bare
		}
	}
	return blocks
}

// lintBlock fails on problems. An object that the samples hold too stands in for theirs.
func lintBlock(t *testing.T, block string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "block.yaml")
	if err := os.WriteFile(path, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	platform, err := filepath.Glob(filepath.Join(samples, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for {
		out, err := run(lintCommand(), path, "-o", "json", "--platform", strings.Join(platform, ","))
		if err != nil && !errors.Is(err, errFailed) {
			t.Fatal(err)
		}
		var findings []lint.Finding
		if err := json.Unmarshal([]byte(out), &findings); err != nil {
			t.Fatal(err)
		}
		rest := withoutTwins(platform, findings)
		if len(rest) < len(platform) {
			platform = rest
			continue
		}
		for _, f := range findings {
			if f.Severity == lint.Error {
				t.Error(f.String())
			}
		}
		return
	}
}

// withoutTwins leaves out the files that hold an object of the block too.
func withoutTwins(platform []string, findings []lint.Finding) []string {
	var rest []string
	for _, file := range platform {
		twin := false
		for i := range findings {
			twin = twin || strings.Contains(findings[i].Message, "is also at "+file+":")
		}
		if !twin {
			rest = append(rest, file)
		}
	}
	return rest
}

func TestBlocksAreFoundAndFragmentsAreNot(t *testing.T) {
	text := "a\n```yaml\nb: 1\n```\n<!-- fragment -->\n```yaml\nc: 1\n```\n```\nd\n```\n"
	got := yamlBlocks(text)
	if len(got) != 1 || got[2] != "b: 1\n" {
		t.Errorf("got %v", got)
	}
}
