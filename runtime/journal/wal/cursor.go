package wal

import (
	"errors"
	"io"
)

// Cursor reads, in order, what waits to be shipped as of the moment it was made. It is for one
// goroutine and must be closed.
type Cursor struct {
	l      *Log
	last   uint64 // the segment in which the reading ends
	end    int64  // and where
	after  uint64 // segments up to it are through
	in     *segment
	scan   scanner
	extent uint32 // entries of the segment when it was opened
	index  uint32 // of the next entry of this record
	left   uint32 // entries of it to come
	rest   []byte
}

// Read makes a cursor over what is durable now.
func (l *Log) Read() *Cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &Cursor{l: l}
	if n := len(l.segments); n > 0 {
		c.last, c.end = l.segments[n-1].number, l.segments[n-1].end
	}
	return c
}

// Next fills e with the next entry that nobody called done and returns its ref; io.EOF behind the
// last. The entry's memory is valid until the next call. A *Damage is told once, and what can be
// read goes on with the next call.
func (c *Cursor) Next(e *Entry) (Ref, error) {
	for {
		if c.in == nil && !c.enter() {
			return Ref{}, io.EOF
		}
		if c.left == 0 {
			if err := c.record(); err != nil {
				if errors.Is(err, io.EOF) {
					c.leave()
					continue
				}
				return Ref{}, c.damaged(err)
			}
			continue
		}
		rest, err := decodeEntry(c.rest, e)
		if err != nil {
			c.left = 0
			return Ref{}, c.damaged(err)
		}
		c.rest = rest
		c.left--
		c.index++
		if ref := (Ref{c.in.number, c.index - 1}); c.open(ref.Index) {
			return ref, nil
		}
	}
}

// Close lets the segment go.
func (c *Cursor) Close() {
	c.last = 0
	if c.in != nil {
		c.unpin()
	}
}

// enter opens the next segment in which anything waits.
func (c *Cursor) enter() bool {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for _, s := range c.l.segments {
		if s.number <= c.after || s.number > c.last || s.pending == 0 {
			continue
		}
		s.readers++
		end := s.end
		c.extent = s.entries
		if s.number == c.last && end > c.end {
			end, c.extent = c.end, 0 // later entries are no loss
		}
		c.in, c.index, c.left = s, 0, 0
		c.scan.begin(s.name, s.file, s.header, end, true)
		return true
	}
	return false
}

// record reads on to the next record.
func (c *Cursor) record() error {
	payload, err := c.scan.next()
	if err != nil || payload[0] == kindMark {
		return err
	}
	first, n, rest, err := recordOf(payload, c.scan.limit)
	if err != nil {
		return err
	}
	c.lose(c.index, first)
	c.index, c.left, c.rest = first, n, rest
	return nil
}

// leave ends the reading of a segment.
func (c *Cursor) leave() {
	c.lose(c.index, c.extent)
	c.unpin()
}

func (c *Cursor) unpin() {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.in.readers--
	c.after, c.in = c.in.number, nil
}

func (c *Cursor) open(index uint32) bool {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	return index < c.in.entries && !c.in.isDone(index)
}

func (c *Cursor) damaged(err error) error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.in.damaged = true
	return asDamage(err, c.in.name, c.scan.at)
}

// lose gives up on the entries from..to, which cannot be read, so that they hold nothing up.
func (c *Cursor) lose(from, to uint32) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for i := from; i < to; i++ {
		if c.in.finish(i) {
			c.l.waiting--
			c.l.lost++
		}
	}
}
