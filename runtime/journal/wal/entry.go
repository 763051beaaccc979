package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Entry is one event with all that shipping it takes, so that nothing is looked up then.
type Entry struct {
	Boot, Counter uint64
	SrcPart       uint32 // generation<<16 | partition: where it goes, whenever it goes
	Timestamp     int64  // of the log's record, ms
	Topic         string // at most 255 bytes
	Value         []byte
}

// entryBytes is the room of an entry without topic and value.
const entryBytes = 8 + 8 + 4 + 8 + 1 + 4

// kinds of frames.
const (
	kindRecord = 1
	kindMark   = 2
)

// recordHead is the kind, the number of entries, and the index of the first one in its segment.
const recordHead = 1 + 4 + 4

// Record is what is written as a whole or not at all: the entries of one event, or of a batch. It
// can be used again after Reset.
type Record struct {
	body    []byte
	entries uint32
	unsure  bool // a write of it failed

	// Ref names the first entry once Err is nil; the others follow it.
	Ref Ref
	// Err is nil when the record is durable; else ErrFull, ErrTooLarge or ErrClosed when it is
	// certainly not on the disk, and ErrUnsure when it may be.
	Err error
	// Notify is called by a Writer, from its goroutine, when Err is known. It must not block.
	Notify func()
}

// Ref names an entry.
type Ref struct {
	Segment uint64
	Index   uint32
}

// Before is the order in which entries were written.
func (r Ref) Before(other Ref) bool {
	return r.Segment < other.Segment || r.Segment == other.Segment && r.Index < other.Index
}

// Next is the ref of the n-th entry behind it within the same record.
func (r Ref) Next(n int) Ref { return Ref{r.Segment, r.Index + uint32(n)} }

// Reset empties the record and keeps its memory and Notify.
func (r *Record) Reset() {
	*r = Record{body: r.body[:0], Notify: r.Notify}
}

// Add appends an entry; the record keeps a copy of it.
func (r *Record) Add(e *Entry) error {
	if len(e.Topic) == 0 || len(e.Topic) > 255 {
		return fmt.Errorf("journal entry: topic %q is not 1 to 255 bytes long", e.Topic)
	}
	if r.entries == 0 {
		r.body = append(r.body[:0], kindRecord, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	b := binary.LittleEndian.AppendUint64(r.body, e.Boot)
	b = binary.LittleEndian.AppendUint64(b, e.Counter)
	b = binary.LittleEndian.AppendUint32(b, e.SrcPart)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Timestamp))
	b = append(b, byte(len(e.Topic)))
	b = append(b, e.Topic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Value)))
	b = append(b, e.Value...)
	r.body = b
	r.entries++
	binary.LittleEndian.PutUint32(r.body[1:], r.entries)
	return nil
}

// place notes where the record will stand.
func (r *Record) place(first uint32) { binary.LittleEndian.PutUint32(r.body[5:], first) }

// Len is the number of entries.
func (r *Record) Len() int { return int(r.entries) }

// Bytes is the memory the record keeps.
func (r *Record) Bytes() int { return cap(r.body) }

var errEntry = errors.New("entry is cut off")

// decodeEntry reads one entry and returns what follows it; topic and value share b's memory.
func decodeEntry(b []byte, e *Entry) ([]byte, error) {
	if len(b) < entryBytes {
		return nil, errEntry
	}
	e.Boot = binary.LittleEndian.Uint64(b)
	e.Counter = binary.LittleEndian.Uint64(b[8:])
	e.SrcPart = binary.LittleEndian.Uint32(b[16:])
	e.Timestamp = int64(binary.LittleEndian.Uint64(b[20:]))
	topic, b := int(b[28]), b[29:]
	if len(b) < topic+4 {
		return nil, errEntry
	}
	if e.Topic != string(b[:topic]) { // the same one nearly always: no allocation then
		e.Topic = string(b[:topic])
	}
	value, b := binary.LittleEndian.Uint32(b[topic:]), b[topic+4:]
	if uint64(value) > uint64(len(b)) {
		return nil, errEntry
	}
	e.Value = b[:value:value]
	return b[value:], nil
}

// recordOf takes the head of a record's payload apart; limit is the size of its segment, which bounds
// how many entries there can be.
func recordOf(payload []byte, limit int64) (first, entries uint32, rest []byte, err error) {
	if payload[0] != kindRecord {
		return 0, 0, nil, fmt.Errorf("a record of kind %d is unknown to this build", payload[0])
	}
	if len(payload) < recordHead {
		return 0, 0, nil, errEntry
	}
	entries, first = binary.LittleEndian.Uint32(payload[1:]), binary.LittleEndian.Uint32(payload[5:])
	if int64(first)+int64(entries) > limit/entryBytes {
		return 0, 0, nil, errEntry
	}
	return first, entries, payload[recordHead:], nil
}

// appendMark says that every entry before to was acknowledged.
func appendMark(b []byte, to Ref) []byte {
	b = append(b, kindMark)
	b = binary.LittleEndian.AppendUint64(b, to.Segment)
	return binary.LittleEndian.AppendUint32(b, to.Index)
}

func decodeMark(b []byte) (Ref, error) {
	if len(b) != 1+8+4 {
		return Ref{}, errors.New("mark has a wrong length")
	}
	return Ref{binary.LittleEndian.Uint64(b[1:]), binary.LittleEndian.Uint32(b[9:])}, nil
}
