package wal

import (
	"sync"
	"time"
)

// Bounds of one group.
const (
	maxGroupRecords = 4096
	maxGroupBytes   = 1 << 20
)

// Writer is the group commit in front of a Log: whatever was put while the disk was syncing is
// written and synced together next. It adds no wait of its own; a caller bounds its own waiting, and
// how many records wait is bounded by who puts them.
type Writer struct {
	log     *Log
	observe func(time.Duration)
	wake    chan struct{} // one token: there is something in the queue
	stopped chan struct{}

	committing sync.Mutex // held until all of a group were notified

	mu     sync.Mutex
	queue  []*Record
	closed bool
}

// NewWriter starts a writer; Close stops it. observe is told how long each group took. Optional.
func NewWriter(l *Log, observe func(time.Duration)) *Writer {
	w := &Writer{log: l, observe: observe, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	if observe == nil {
		w.observe = func(time.Duration) {}
	}
	go w.run()
	return w
}

// Put hands a record over; its Notify is called when its fate is known. Put does not block.
func (w *Writer) Put(r *Record) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		r.Err = ErrClosed
		r.Notify()
		return
	}
	w.queue = append(w.queue, r)
	w.mu.Unlock()
	w.signal()
}

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Read makes a cursor over the records whose Notify was called, and what earlier boots left.
func (w *Writer) Read() *Cursor {
	w.committing.Lock()
	defer w.committing.Unlock()
	return w.log.Read()
}

// Close brings what was put to its end and stops. It does not close the Log.
func (w *Writer) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.signal()
	<-w.stopped
}

func (w *Writer) run() {
	defer close(w.stopped)
	var taken []*Record
	for range w.wake {
		for {
			var closed bool
			if taken, closed = w.take(taken); len(taken) == 0 {
				if closed {
					return
				}
				break
			}
			w.commit(taken)
		}
	}
}

// take exchanges the queue for the memory of the one before.
func (w *Writer) take(memory []*Record) (taken []*Record, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(memory)
	taken, w.queue = w.queue, memory[:0]
	return taken, w.closed
}

func (w *Writer) commit(records []*Record) {
	for len(records) > 0 {
		n, bytes := 0, 0
		for n < min(len(records), maxGroupRecords) && (n == 0 || bytes+len(records[n].body) <= maxGroupBytes) {
			bytes += len(records[n].body)
			n++
		}
		w.group(records[:n])
		records = records[n:]
	}
}

func (w *Writer) group(records []*Record) {
	w.committing.Lock()
	defer w.committing.Unlock()
	began := time.Now()
	w.log.Append(records...)
	w.observe(time.Since(began))
	for _, r := range records {
		r.Notify()
	}
}
