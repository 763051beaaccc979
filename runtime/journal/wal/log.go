package wal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"github.com/clicktally/clicktally/runtime/failpoint"
)

// Log is an open journal. It is safe for concurrent use; one Append or Trim runs at a time.
type Log struct {
	fs           FS
	boot         uint64
	settled      func(Origin) uint64
	segmentBytes int64
	maxSegments  int
	release      func() error

	appending sync.Mutex // held by whatever writes
	closed    bool
	number    uint64 // of the newest segment; none is given twice
	last      header // this writer's last segment: number, and previousEnd as its own end
	spare     bool   // a file is ready to become a segment
	written   int64  // bytes of the spare that were written and synced in its earlier life
	noted     Ref    // the last mark
	group     []byte
	mark      []byte

	mu        sync.Mutex
	segments  []*segment // by number
	current   *segment   // what is appended to; nil when there is none
	waiting   int
	abandoned uint64
	lost      uint64
}

// Append makes records durable, all with as few syncs as they fit into, and tells each one's Err and
// Ref.
func (l *Log) Append(records ...*Record) {
	l.appending.Lock()
	defer l.appending.Unlock()
	for len(records) > 0 {
		records = records[l.appendGroup(records):]
	}
}

// appendGroup brings the first records, as many as go into one segment, to an end and returns how
// many. Where no segment can be had it brings all of them to theirs.
func (l *Log) appendGroup(records []*Record) int {
	first := records[0]
	switch {
	case l.closed:
		return fail(records, ErrClosed)
	case first.entries == 0 || headerBytes+markBytes+frameHead+int64(len(first.body)) > l.segmentBytes:
		return fail(records[:1], ErrTooLarge)
	}
	var failed error
	n := 0
	for range maxTries {
		if l.current == nil || !l.fits(first) {
			if err := l.rotate(); err != nil {
				return fail(records, errors.Join(err, failed))
			}
		}
		n = l.compose(records)
		if failed = l.prepare(l.current, l.current.end+int64(len(l.group))); failed == nil {
			if failed = l.write(); failed == nil {
				l.durable(records[:n])
				return n
			}
			for _, r := range records[:n] {
				r.unsure = true
			}
		}
		l.abandon()
	}
	return fail(records[:n], failed)
}

// fail tells that records were not made durable; one that was written before, and not synced, is not
// called certain.
func fail(records []*Record, err error) int {
	for _, r := range records {
		r.Err = err
		if r.unsure {
			r.Err = fmt.Errorf("%w: %w", ErrUnsure, err)
		}
	}
	return len(records)
}

const markBytes = frameHead + 1 + 8 + 4

func (l *Log) fits(r *Record) bool {
	return l.current.end+markBytes+frameHead+int64(len(r.body)) <= l.segmentBytes
}

// compose lays out the next group behind the current segment's end: a mark when there is news, and as
// many records as fit. It returns how many.
func (l *Log) compose(records []*Record) int {
	s := l.current
	salt, index := salt(s.boot, s.number), s.entries
	l.group = l.group[:0]
	if head := l.head(); l.noted.Before(head) {
		l.mark = appendMark(l.mark[:0], head)
		l.group = appendFrame(l.group, salt, s.end, l.mark)
		l.noted = head
	}
	n := 0
	for _, r := range records {
		at := s.end + int64(len(l.group))
		if r.entries == 0 || n > 0 && at+frameHead+int64(len(r.body)) > l.segmentBytes {
			break
		}
		r.place(index)
		r.Ref = Ref{s.number, index}
		l.group = appendFrame(l.group, salt, at, r.body)
		index += r.entries
		n++
	}
	return n
}

// head is the first entry that still has to be shipped, or the place of the next one.
func (l *Log) head() Ref {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segments {
		if s.pending > 0 {
			return Ref{s.number, s.lowest()}
		}
	}
	return Ref{l.current.number, l.current.entries}
}

func (l *Log) write() error {
	s := l.current
	if _, err := s.file.WriteAt(l.group, s.end); err != nil {
		return fmt.Errorf("write %s: %w", s.name, err)
	}
	if err := failpoint.Hit(failpoint.JournalFsyncBefore); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", s.name, err)
	}
	return failpoint.Hit(failpoint.JournalFsyncAfter)
}

// durable takes what was synced into the books.
func (l *Log) durable(records []*Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.current
	s.end += int64(len(l.group))
	s.quiet = false
	for _, r := range records {
		r.Err = nil
		s.grow(r.entries)
		l.waiting += int(r.entries)
	}
	l.last.previousEnd = s.end
}

// abandon leaves the current segment as it was last synced.
func (l *Log) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current.abandoned = true
	l.current = nil
	l.abandoned++
	l.noted = Ref{} // the last mark may not be there
}

// Done notes that the log has acknowledged an entry; false when it was known, or is not there.
func (l *Log) Done(ref Ref) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.find(ref.Segment)
	if s == nil || !s.finish(ref.Index) {
		return false
	}
	l.waiting--
	return true
}

// find is called with mu held.
func (l *Log) find(number uint64) *segment {
	i, ok := slices.BinarySearchFunc(l.segments, number, func(s *segment, n uint64) int { return cmp.Compare(s.number, n) })
	if !ok {
		return nil
	}
	return l.segments[i]
}

// Stats of a Log.
type Stats struct {
	Waiting   int    // entries that are not shipped
	Bytes     int64  // what they use
	Capacity  int64  // of which this much there is
	Segments  int    // files in use
	Abandoned uint64 // segments left after a failed write or sync, since the opening
	Lost      uint64 // entries that damage made unreadable, since the opening
}

// Stats is a snapshot.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := Stats{
		Waiting: l.waiting, Capacity: int64(l.maxSegments) * l.segmentBytes, Segments: len(l.segments),
		Abandoned: l.abandoned, Lost: l.lost,
	}
	for _, s := range l.segments {
		st.Bytes += s.waitingBytes()
	}
	return st
}

// Close puts away what is shipped, closes the files, and gives the directory free.
func (l *Log) Close() error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.mu.Lock()
	l.current = nil
	l.mu.Unlock()
	errs := []error{l.putAway()}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segments {
		errs = append(errs, s.file.Close())
	}
	l.segments = nil
	return errors.Join(append(errs, l.release())...)
}

// full maps what an operating system says about a full disk.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
