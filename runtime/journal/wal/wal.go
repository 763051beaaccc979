// Package wal keeps records on disk until the log has them (design 6.3).
//
// A journal is a directory of segments, numbered files of one size whose room is claimed when they
// are made. Records are appended in groups; a group is written at once and synced at once, and only
// then is anyone told. Every record carries a checksum salted with the writer's boot id, the number
// of its segment and its place in it, so that what an earlier life of a file left behind can never
// be read as new.
//
// Where a segment ends. The header of a segment says how far its predecessor was synced when it was
// left. So a segment with a successor of the same writer is sealed: everything up to that point was
// promised, and a bad record there is damage, which is named, stepped over, and kept for a person to
// look at. A segment without one was the last when its writer died: it ends at the first bad record,
// which only something that was never synced can be.
//
// After a failed sync nobody knows what the disk has. The segment is abandoned at its last synced
// byte, and what was not synced yet is written again into a new one.
//
// What the log has acknowledged is told with Done. A segment with nothing left to ship is recycled or
// removed; the mark in front of each group says how far everything was acknowledged before it. What
// is shipped twice after a crash is the same bytes under the same id, and counted once.
//
// Log does all this without a goroutine and without a clock, so that a simulation can run it. Writer
// puts a group commit for many callers in front of it.
package wal

import (
	"errors"
	"fmt"
)

// Bounds of a journal.
const (
	// DefaultCapacity is the room of a journal for which nobody asked for another.
	DefaultCapacity = 1 << 30
	// MaxSegmentBytes and MinSegmentBytes bound the size of one segment.
	MaxSegmentBytes = 16 << 20
	MinSegmentBytes = 64 << 10
	// minSegments fit into any journal: one that is written while the others are shipped.
	minSegments = 4
	// maxTries is how many segments one group is written to before its callers are told.
	maxTries = 2
)

var (
	// ErrFull says that there is no room left. The record was not written.
	ErrFull = errors.New("journal is full")
	// ErrUnsure says that a record could not be synced and may be on the disk all the same.
	ErrUnsure = errors.New("journal could not be synced")
	// ErrTooLarge says that a record does not fit into a segment. It was not written.
	ErrTooLarge = errors.New("record is larger than a segment")
	// ErrClosed says that the journal is closed. The record was not written.
	ErrClosed = errors.New("journal is closed")
	// ErrLocked says that another process uses the directory.
	ErrLocked = errors.New("journal is in use by another process")
)

// Damage is a place in a sealed segment that cannot be read. What was promised there is lost.
type Damage struct {
	File   string
	Offset int64
	Reason string
}

// Error is error.
func (d *Damage) Error() string {
	return fmt.Sprintf("journal file %s is damaged at byte %d: %s; what can still be read is shipped, and the file is kept as %s", d.File, d.Offset, d.Reason, damagedName(d.File))
}

// Options of a Log.
type Options struct {
	// Boot salts the checksums of the segments that this Log writes; drawn fresh for every opening.
	Boot uint64
	// Capacity bounds the bytes of all segments. Zero: DefaultCapacity.
	Capacity int64
	// SegmentBytes is the size of a segment. Zero: a sixteenth of the capacity within the bounds.
	SegmentBytes int64
	// Settled is what an earlier boot was known to have settled, for Tally. Optional.
	Settled func(Origin) uint64
}

func (o *Options) settle() error {
	if o.Capacity == 0 {
		o.Capacity = DefaultCapacity
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = min(max(o.Capacity/16, MinSegmentBytes), MaxSegmentBytes)
	}
	switch {
	case o.Boot == 0:
		return errors.New("open journal: no boot id given")
	case o.SegmentBytes < 2*headerBytes:
		return fmt.Errorf("open journal: a segment of %d bytes holds nothing", o.SegmentBytes)
	case o.Capacity < minSegments*o.SegmentBytes:
		return fmt.Errorf("open journal: a capacity of %d bytes is less than %d segments of %d bytes", o.Capacity, minSegments, o.SegmentBytes)
	}
	return nil
}
