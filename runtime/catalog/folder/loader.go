// Package folder reads a folder of YAML as the operator reads a cluster: the same kinds, checked by
// the same schema, every problem with its file and line.
//
// Beside the kinds of clicktally.dev it takes v1 Namespace (labels, for selectors) and v1 Secret
// (tokens of traffic sources). What cannot be read keeps the form that was read before; only a folder
// that was read as a whole proves that an object is gone.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

const (
	// maxFile bounds one file, in bytes.
	maxFile = 64 << 20
	// maxFiles bounds a folder.
	maxFiles = 100_000
)

// Loader reads folders again and again, each file only when it has changed. It has one user at a time.
type Loader struct {
	// Schema judges objects; nil leaves that to the compiler alone.
	Schema Schema

	files map[string]*file
}

// file is what was last read from a path.
type file struct {
	stamp      stamp
	documents  []*document
	broken     []compile.Ref // identified, not valid, and never read in a good form
	unreadable bool          // holds something that could not be identified
	problems   []Problem
}

// stamp tells whether a file has changed.
type stamp struct {
	modified time.Time
	size     int64
	info     os.FileInfo
}

func (s stamp) same(other stamp) bool {
	return s.info != nil && other.info != nil && s.modified.Equal(other.modified) && s.size == other.size &&
		os.SameFile(s.info, other.info)
}

// Load reads all YAML files below dirs, in sorted order. Hidden files and folders are left out, which
// also leaves out the versions behind a mounted ConfigMap's links; links to files are followed.
func (l *Loader) Load(ctx context.Context, dirs ...string) *Set {
	set := &Set{Secrets: map[string]map[string][]byte{}, documents: map[compile.Ref]*document{}}
	set.Objects.Namespaces = map[string]map[string]string{}
	set.Objects.Complete = true
	next := map[string]*file{}
	for _, dir := range dirs {
		paths, err := list(dir)
		if err != nil {
			set.Objects.Complete = false
			set.Problems = append(set.Problems, fileProblem(dir, 0, err.Error()))
		}
		for _, path := range paths {
			if next[path] == nil && ctx.Err() == nil {
				next[path] = l.read(ctx, path)
				set.add(next[path])
			}
		}
	}
	if len(set.documents) == 0 || ctx.Err() != nil {
		set.Objects.Complete = false
	}
	l.files = next
	SortProblems(set.Problems)
	return set
}

// Forget makes the next Load read a file again although its size and time are as before.
func (l *Loader) Forget(path string) {
	if f := l.files[path]; f != nil {
		f.stamp = stamp{}
	}
}

// list returns the YAML files below dir, sorted.
func list(dir string) ([]string, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("read folder: %w", err)
	}
	var paths []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == root && !entry.IsDir():
			paths = append(paths, dir)
		case path != root && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir() && isYAML(path):
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			paths = append(paths, filepath.Join(dir, relative))
			if len(paths) > maxFiles {
				return fmt.Errorf("more than %d files", maxFiles)
			}
		}
		return nil
	})
	slices.Sort(paths)
	if err != nil {
		return paths, fmt.Errorf("read folder: %w", err)
	}
	return paths, nil
}

func isYAML(path string) bool {
	extension := filepath.Ext(path)
	return extension == ".yaml" || extension == ".yml"
}

// read returns a file's documents; those that cannot be read now are as they were before.
func (l *Loader) read(ctx context.Context, path string) *file {
	before := l.files[path]
	if before == nil {
		before = &file{}
	}
	info, err := os.Stat(path)
	if err == nil {
		now := stamp{info.ModTime(), info.Size(), info}
		if now.same(before.stamp) {
			return before
		}
		text, err := readFile(path, info)
		if err == nil {
			return parseFile(ctx, l.Schema, path, text, now, before)
		}
		return &file{documents: before.documents, broken: before.broken, unreadable: true, problems: []Problem{fileProblem(path, 0, err.Error())}}
	}
	return &file{documents: before.documents, broken: before.broken, unreadable: true, problems: []Problem{fileProblem(path, 0, err.Error())}}
}

func readFile(path string, info os.FileInfo) (string, error) {
	if !info.Mode().IsRegular() {
		return "", errors.New("is no regular file")
	}
	if info.Size() > maxFile {
		return "", fmt.Errorf("has %d bytes, at most %d are read", info.Size(), maxFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read file: %w", err)
	}
	return string(text), nil
}

func fileProblem(path string, line int, message string) Problem {
	return Problem{Problem: compile.Problem{Severity: compile.Error, Message: message}, File: path, Line: line}
}
