package loadgen

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// Entry is one distinct event of the ground truth. It is written when its fate is known.
type Entry struct {
	// EventID is what the tracker answered with; empty when it never answered.
	EventID   string  `json:"event_id,omitempty"`
	EventType string  `json:"event_type"`
	Campaign  string  `json:"campaign"`
	Outcome   Outcome `json:"outcome"`
	// Status is the expected verdict of a click: Valid, Suspicious, Fraudulent; empty when the time
	// that passed on the wire leaves two verdicts open.
	Status string `json:"status,omitempty"`
	// PriceMicros is what the click costs when it is valid or suspicious.
	PriceMicros int64  `json:"price_micros,omitempty"`
	Currency    string `json:"currency,omitempty"`
	// Copies are acknowledged repetitions of the same event.
	Copies int `json:"copies,omitempty"`
	// Acked says that at least one copy was acknowledged.
	Acked bool `json:"acked"`
	// At is when the fate was known, ms.
	At int64 `json:"at"`
	// Timestamp is the stated time of a foreign event in ms; 0 where the tracker's clock counts.
	Timestamp int64 `json:"timestamp,omitempty"`
}

// Ledger is the ground truth of one or more runs: a file of JSON lines, or memory alone.
type Ledger struct {
	mu      sync.Mutex
	entries []Entry
	out     *bufio.Writer
	file    io.Closer
	err     error
}

// OpenLedger appends to the file at path and holds what it already has; an empty path keeps the
// ledger in memory.
func OpenLedger(path string) (*Ledger, error) {
	l := &Ledger{}
	if path == "" {
		return l, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		var e Entry
		if err := decoder.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			_ = file.Close()
			return nil, fmt.Errorf("ledger %s: entry %d: %w", path, len(l.entries)+1, err)
		}
		l.entries = append(l.entries, e)
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	l.file, l.out = file, bufio.NewWriter(file)
	return l, nil
}

// Add records one event's fate.
func (l *Ledger) Add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
	if l.out == nil || l.err != nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = l.out.Write(append(line, '\n'))
	}
	l.err = err
}

// Entries are all events so far, those of earlier runs in the same file included.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.entries)
}

// Close writes what is buffered; it returns the first error of the whole run.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	if err := l.out.Flush(); l.err == nil {
		l.err = err
	}
	if err := l.file.Close(); l.err == nil {
		l.err = err
	}
	l.file = nil
	if l.err != nil {
		return fmt.Errorf("ledger: %w", l.err)
	}
	return nil
}
