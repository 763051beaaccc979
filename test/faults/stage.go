package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// stage is a testing.TB outside of a test, so that package servers can start its brokers here as well.
// What is not overridden is not called by them.
type stage struct {
	testing.TB
	ctx context.Context //nolint:containedctx // it stands for testing.TB.Context
	dir string

	mu       sync.Mutex
	cleanups []func()
	folders  int
	failed   bool
}

// fatal is what Fatal and Skip panic with: a stage has no test to end.
type fatal struct{ text string }

func (f fatal) Error() string { return f.text }

// Helper is testing.TB.
func (s *stage) Helper() {}

// Context is testing.TB.
func (s *stage) Context() context.Context { return s.ctx }

// Failed is testing.TB.
func (s *stage) Failed() bool { return s.failed }

// Logf is testing.TB.
func (s *stage) Logf(format string, args ...any) { say(format, args...) }

// TempDir is testing.TB: a folder that goes away with the harness's own.
func (s *stage) TempDir() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folders++
	dir := filepath.Join(s.dir, fmt.Sprint("stage-", s.folders))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		panic(fatal{err.Error()})
	}
	return dir
}

// Fatal is testing.TB.
func (s *stage) Fatal(args ...any) { s.failed = true; panic(fatal{fmt.Sprint(args...)}) }

// Fatalf is testing.TB.
func (s *stage) Fatalf(format string, args ...any) { s.Fatal(fmt.Sprintf(format, args...)) }

// Skip is testing.TB: without what is missing the harness says so and goes another way.
func (s *stage) Skip(args ...any) { panic(fatal{fmt.Sprint(args...)}) }

// Cleanup is testing.TB.
func (s *stage) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

// close runs what Cleanup was given, the last one first.
func (s *stage) close() {
	for {
		s.mu.Lock()
		n := len(s.cleanups)
		if n == 0 {
			s.mu.Unlock()
			return
		}
		f := s.cleanups[n-1]
		s.cleanups = s.cleanups[:n-1]
		s.mu.Unlock()
		f()
	}
}

// attempt runs f and gives back what it ended with by Fatal or Skip.
func attempt(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(fatal)
			if !ok {
				panic(r)
			}
			err = f
		}
	}()
	f()
	return nil
}
