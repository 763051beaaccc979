package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
	"time"
)

// entry is one distinct event that a tracker acknowledged, as the auditor expects it to be counted.
type entry struct {
	Key      string `json:"key"` // own: the id; foreign: id@time
	Campaign string `json:"campaign"`
	Column   string `json:"column"` // of the minute rows
	Micros   int64  `json:"micros,omitempty"`
	Currency string `json:"currency,omitempty"`
	At       int64  `json:"at"`
	// Open says that the verdict is not known: every repetition of a click counts for velocity.
	Open bool `json:"open,omitempty"`
	own  bool
}

// auditor keeps the harness's own record of what was acknowledged. A line is in the file before the
// event counts as acknowledged.
type auditor struct {
	mu       sync.Mutex
	file     *os.File
	out      *bufio.Writer
	entries  map[string]entry
	forgiven int // taken off the record
	twice    int // own ids that were handed out a second time
	last     time.Time
	longest  time.Duration
	watching bool
	failed   error
}

func newAuditor(path string) (*auditor, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &auditor{file: file, out: bufio.NewWriter(file), entries: map[string]entry{}}, nil
}

// acknowledged notes events that one answer promised.
func (a *auditor) acknowledged(list ...entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if a.watching {
		a.longest = max(a.longest, now.Sub(a.last))
		a.last = now
	}
	for _, e := range list {
		if _, known := a.entries[e.Key]; known {
			if e.own {
				a.twice++
			}
			continue
		}
		e.At = now.UnixMilli()
		line, err := json.Marshal(e)
		if err == nil {
			_, err = a.out.Write(append(line, '\n'))
		}
		if err != nil {
			a.failed = err
		}
		a.entries[e.Key] = e
	}
}

// watch starts to measure the longest time without any answer.
func (a *auditor) watch() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watching, a.last, a.longest = true, time.Now(), 0
}

// unwatch ends it.
func (a *auditor) unwatch() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watching = false
	return max(a.longest, time.Since(a.last))
}

func (a *auditor) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.out.Flush(); err != nil && a.failed == nil {
		a.failed = err
	}
	if err := a.file.Close(); err != nil && a.failed == nil {
		a.failed = err
	}
	return a.failed
}

// forgive takes events off the record: the harness destroyed them itself, or holds them back.
func (a *auditor) forgive(keys []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgiven += len(keys)
	for _, key := range keys {
		delete(a.entries, key)
	}
}
