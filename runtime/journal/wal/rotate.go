package wal

import (
	"errors"
	"fmt"
	"slices"
)

// Prepare makes the first segment, so that a disk without room is known before it is needed.
func (l *Log) Prepare() error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if l.current != nil || l.closed {
		return nil
	}
	return l.rotate()
}

// rotate begins a segment. Whatever fails, the number is used up.
func (l *Log) rotate() error {
	if !l.spare && !l.room() {
		if err := l.putAway(); !l.spare && !l.room() {
			return errors.Join(ErrFull, err)
		}
	}
	l.number++
	h := header{boot: l.boot, number: l.number, previous: l.last.number, previousEnd: l.last.previousEnd}
	s := &segment{header: h, name: segmentName(h.number), end: headerBytes, quiet: true}
	var err error
	if s.file, err = l.takeSpare(); err != nil {
		return full(fmt.Errorf("make %s: %w", s.name, err))
	}
	l.spare, s.written = false, l.written
	if err := l.begin(s); err != nil {
		return full(fmt.Errorf("begin %s: %w", s.name, errors.Join(err, s.file.Close(), l.notBegun(s))))
	}
	l.last = header{number: s.number, previousEnd: s.end}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments = append(l.segments, s)
	l.current = s
	return nil
}

// room says whether another segment fits into the capacity.
func (l *Log) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.segments) < l.maxSegments
}

// takeSpare opens the file that waits for its use, or makes one. That it is no segment any more must
// be on the disk before its header is written over.
func (l *Log) takeSpare() (File, error) {
	if l.spare && l.fs.SyncDir() == nil {
		if f, err := l.fs.Open(spareName); err == nil {
			return f, nil
		}
	}
	l.spare, l.written = false, 0
	return l.fs.Create(spareName, l.segmentBytes)
}

// begin makes the spare a segment: its header is on the disk before it has the name.
func (l *Log) begin(s *segment) error {
	if err := l.prepare(s, headerBytes); err != nil {
		return err
	}
	if _, err := s.file.WriteAt(s.encode(), 0); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := l.fs.Rename(spareName, s.name); err != nil {
		return err
	}
	return l.fs.SyncDir()
}

// notBegun leaves the current segment: one that is called its successor, and says where it ends, may
// be on the disk.
func (l *Log) notBegun(s *segment) error {
	l.mu.Lock()
	l.current = nil
	l.mu.Unlock()
	if l.fs.Remove(spareName) == nil {
		return nil
	}
	return l.fs.Remove(s.name)
}

// Trim puts away the segments with nothing left to ship. The current one is left for a new one when
// it has been quiet since the last Trim, so that a crash after a quiet hour ships nothing again.
func (l *Log) Trim() error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if l.closed {
		return nil
	}
	var err error
	if l.shippedAndQuiet() {
		err = l.rotate()
	}
	return errors.Join(err, l.putAway())
}

func (l *Log) shippedAndQuiet() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.current
	if s == nil || s.pending > 0 || s.entries == 0 {
		return false
	}
	quiet := s.quiet
	s.quiet = true
	return quiet
}

// putAway recycles or removes what is through.
func (l *Log) putAway() error {
	var errs []error
	for _, s := range l.takeDone() {
		errs = append(errs, s.file.Close(), l.dispose(s))
	}
	return errors.Join(errs...)
}

// takeDone takes the segments that are through out of the list.
func (l *Log) takeDone() []*segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	var through []*segment
	l.segments = slices.DeleteFunc(l.segments, func(s *segment) bool {
		if s.pending > 0 || s.readers > 0 || s == l.current {
			return false
		}
		through = append(through, s)
		return true
	})
	return through
}

// dispose keeps one file of ours as the next segment: its room is claimed and was written to, which
// makes syncs cheap.
func (l *Log) dispose(s *segment) error {
	switch {
	case s.damaged:
		return l.fs.Rename(s.name, damagedName(s.name))
	case s.abandoned || s.boot != l.boot || l.spare || l.closed || !l.room():
		return l.fs.Remove(s.name)
	}
	if err := l.fs.Rename(s.name, spareName); err != nil {
		return errors.Join(err, l.fs.Remove(s.name))
	}
	l.spare, l.written = true, s.written
	return nil
}
