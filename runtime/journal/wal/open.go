package wal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Origin is a boot's part of one partition.
type Origin struct {
	Boot    uint64
	SrcPart uint32
}

// Tally is what a journal holds of an Origin.
type Tally struct {
	Entries int    // that wait to be shipped
	Settled int    // of them, with a counter below Options.Settled
	Next    uint64 // behind the highest counter among them
}

// Recovery is what an opening found.
type Recovery struct {
	Waiting map[Origin]Tally
	// Damage names what cannot be read; its records are lost, all others are kept.
	Damage []*Damage
}

// Open takes the directory and finds out what waits in it. It writes nothing but to put away what
// is through.
func Open(fs FS, o Options) (*Log, *Recovery, error) {
	if err := o.settle(); err != nil {
		return nil, nil, err
	}
	release, err := fs.Lock()
	if err != nil {
		return nil, nil, err
	}
	l := &Log{
		fs: fs, boot: o.Boot, settled: o.Settled, segmentBytes: o.SegmentBytes, maxSegments: int(o.Capacity / o.SegmentBytes), release: release,
	}
	found := &Recovery{Waiting: map[Origin]Tally{}}
	if err := l.recover(found); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open journal: %w", err), l.Close())
	}
	return l, found, nil
}

func (l *Log) recover(found *Recovery) error {
	names, err := l.fs.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == spareName {
			err = l.keepSpare()
		} else if number, ok := segmentNumber(name); ok {
			l.number = max(l.number, number)
			err = l.openSegment(name, number, found)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	slices.SortFunc(l.segments, func(a, b *segment) int { return cmp.Compare(a.number, b.number) })
	if err := l.readBack(found); err != nil {
		return err
	}
	return l.putAway()
}

// keepSpare takes a spare of the right size.
func (l *Log) keepSpare() error {
	f, err := l.fs.Open(spareName)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if size != l.segmentBytes {
		return l.fs.Remove(spareName)
	}
	l.spare = true
	return nil
}

func (l *Log) openSegment(name string, number uint64, found *Recovery) error {
	f, err := l.fs.Open(name)
	if err != nil {
		return err
	}
	var b [headerUsed]byte
	_, err = f.ReadAt(b[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(err, f.Close())
	}
	h, err := decodeHeader(b[:])
	if err == nil && h.number != number {
		err = errHeader
	}
	if errors.Is(err, errHeader) {
		found.Damage = append(found.Damage, &Damage{File: name, Reason: err.Error()})
		return errors.Join(f.Close(), l.fs.Rename(name, damagedName(name)))
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.segments = append(l.segments, &segment{header: h, name: name, file: f})
	return nil
}

// readBack finds what waits, the newest segment first: the marks that tell what is through stand
// behind what they tell about.
func (l *Log) readBack(found *Recovery) error {
	sealedAt := map[[2]uint64]int64{} // boot and number
	for _, s := range l.segments {
		if s.previous != 0 {
			sealedAt[[2]uint64{s.boot, s.previous}] = s.previousEnd
		}
	}
	r := reading{found: found, settled: l.settled}
	for _, s := range slices.Backward(l.segments) {
		end, sealed := sealedAt[[2]uint64{s.boot, s.number}]
		if !sealed {
			size, err := s.file.Size()
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			end = size
		}
		r.segment(s, end, sealed)
		l.waiting += s.pending
	}
	return nil
}

// reading is the state of readBack over all segments.
type reading struct {
	found   *Recovery
	settled func(Origin) uint64
	scan    scanner
	mark    Ref      // the furthest one met
	seen    []waiter // entries of one segment
}

type waiter struct {
	Origin
	index   uint32
	counter uint64
}

func (r *reading) segment(s *segment, end int64, sealed bool) {
	s.end = end
	if s.number < r.mark.Segment {
		return // all of it was shipped
	}
	r.seen = r.seen[:0]
	r.scan.begin(s.name, s.file, s.header, end, sealed)
	for {
		payload, err := r.scan.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.frame(payload)
		}
		if err != nil {
			s.damaged = true
			r.found.Damage = append(r.found.Damage, asDamage(err, s.name, r.scan.at))
		}
	}
	s.end = r.scan.at
	r.book(s)
}

// asDamage names the place of an error in a frame whose checksum was right.
func asDamage(err error, name string, at int64) *Damage {
	if d, ok := errors.AsType[*Damage](err); ok {
		return d
	}
	return &Damage{File: name, Offset: at, Reason: err.Error()}
}

func (r *reading) frame(payload []byte) error {
	if payload[0] == kindMark {
		mark, err := decodeMark(payload)
		if err == nil && r.mark.Before(mark) {
			r.mark = mark
		}
		return err
	}
	return eachEntry(payload, r.scan.limit, func(index uint32, e *Entry) {
		r.seen = append(r.seen, waiter{Origin{e.Boot, e.SrcPart}, index, e.Counter})
	})
}

// eachEntry takes a record apart.
func eachEntry(payload []byte, limit int64, yield func(uint32, *Entry)) error {
	first, n, rest, err := recordOf(payload, limit)
	var e Entry
	for i := uint32(0); i < n && err == nil; i++ {
		if rest, err = decodeEntry(rest, &e); err == nil {
			yield(first+i, &e)
		}
	}
	return err
}

// book fills in what of a segment waits. What was not seen is not waited for.
func (r *reading) book(s *segment) {
	for _, w := range r.seen {
		if w.index >= s.entries {
			s.grow(w.index + 1 - s.entries)
		}
	}
	waits := make([]bool, s.entries)
	for _, w := range r.seen {
		if (Ref{s.number, w.index}).Before(r.mark) {
			continue
		}
		waits[w.index] = true
		t := r.found.Waiting[w.Origin]
		t.Entries++
		if r.settled != nil && w.counter < r.settled(w.Origin) {
			t.Settled++
		}
		t.Next = max(t.Next, w.counter+1)
		r.found.Waiting[w.Origin] = t
	}
	for i, waiting := range waits {
		if !waiting {
			s.finish(uint32(i))
		}
	}
}
