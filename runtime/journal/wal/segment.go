package wal

import "math/bits"

// segment is one file of a journal and what of it the log has acknowledged.
type segment struct {
	header
	name string
	file File

	end     int64    // synced so far; nothing behind it is read
	written int64    // synced in this or an earlier life of the file, zeros too
	entries uint32   // before end
	done    []uint64 // a bit for each entry
	pending int      // entries that are not done
	low     uint32   // every entry below it is done

	abandoned bool // a sync failed: what is behind end is unknown
	damaged   bool // kept for a person when it is through
	quiet     bool // nothing was appended since the last Trim
	readers   int  // cursors in it: it is not put away meanwhile
}

// grow makes room for n more entries, all of them open.
func (s *segment) grow(n uint32) {
	s.entries += n
	s.pending += int(n)
	for uint64(len(s.done))*64 < uint64(s.entries) {
		s.done = append(s.done, 0)
	}
}

func (s *segment) isDone(i uint32) bool { return s.done[i/64]&(1<<(i%64)) != 0 }

// finish notes that an entry needs no shipping; false when it was so already.
func (s *segment) finish(i uint32) bool {
	if i >= s.entries || s.isDone(i) {
		return false
	}
	s.done[i/64] |= 1 << (i % 64)
	s.pending--
	return true
}

// lowest is the first entry that is not done.
func (s *segment) lowest() uint32 {
	for s.low < s.entries {
		open := ^s.done[s.low/64] >> (s.low % 64)
		if open == 0 {
			s.low += 64 - s.low%64
			continue
		}
		s.low += uint32(bits.TrailingZeros64(open))
		break
	}
	s.low = min(s.low, s.entries)
	return s.low
}

// waitingBytes is what the open entries use of the file, as if all were of one size.
func (s *segment) waitingBytes() int64 {
	if s.pending == 0 {
		return 0
	}
	return (s.end - headerBytes) * int64(s.pending) / int64(s.entries)
}
