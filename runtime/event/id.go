package event

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// SrcPart names one partition of one generation everywhere: generation<<16 | partition.
type SrcPart uint32

// MaxPartitions bounds the partitions of one generation; an own id has 12 bits for the partition.
const MaxPartitions = 4096

// MaxCounter is the highest counter that fits into an own id (30 bits). A process draws a new boot
// id before it gets there.
const MaxCounter = 1<<30 - 1

// NewSrcPart combines a generation and a partition below MaxPartitions.
func NewSrcPart(generation, partition uint32) SrcPart {
	return SrcPart(generation<<16 | partition&0xffff)
}

// Generation is the number of the set of partitions.
func (s SrcPart) Generation() uint32 { return uint32(s) >> 16 }

// Partition is the Kafka partition within the generation's topic.
func (s SrcPart) Partition() uint32 { return uint32(s) & 0xffff }

// ID is an own event id: a UUIDv8 (RFC 9562) of 48 bits ms, 12 bits partition, the low 32 bits of
// the boot id and a 30-bit counter that is gap-free per (boot, generation, partition).
type ID [16]byte

// NewID makes the id of the event at ms (since the epoch) with the given place and counter.
func NewID(ms int64, partition uint32, bootID uint64, counter uint32) ID {
	var id ID
	hi := uint64(ms)<<16 | 8<<12 | uint64(partition&0xfff)
	lo := uint64(2)<<62 | (bootID&0xffffffff)<<30 | uint64(counter&MaxCounter)
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id
}

// Time is the event's time in ms since the epoch.
func (id ID) Time() int64 { return int64(binary.BigEndian.Uint64(id[:8]) >> 16) }

// Partition is the partition that the event was given within its generation.
func (id ID) Partition() uint32 { return uint32(binary.BigEndian.Uint64(id[:8]) & 0xfff) }

// Counter is the place of the event in its (boot, generation, partition).
func (id ID) Counter() uint32 { return uint32(binary.BigEndian.Uint64(id[8:]) & MaxCounter) }

// BootLow is the low half of the boot id of the process that made the id.
func (id ID) BootLow() uint32 { return uint32(binary.BigEndian.Uint64(id[8:]) >> 30) }

// IsOwn says whether the id carries version 8 and the RFC 9562 variant. It is a check of form: who
// made an event's id is its Origin.
func (id ID) IsOwn() bool { return id[6]>>4 == 8 && id[8]>>6 == 2 }

// String is the canonical UUID text, 36 characters.
func (id ID) String() string { return string(id.appendTo(nil)) }

func (id ID) appendTo(dst []byte) []byte {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return append(dst, b[:]...)
}

// ErrNotID says that a text is not an own event id.
var ErrNotID = errors.New("not an event id of ClickTally (a version 8 UUID)")

// ParseID reads the canonical UUID text of an own id.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, ErrNotID
	}
	digits := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return id, fmt.Errorf("%w: %w", ErrNotID, err)
	}
	if !id.IsOwn() {
		return id, ErrNotID
	}
	return id, nil
}

// IDFromBytes takes the 16 bytes of an own id out of a record.
func IDFromBytes(b []byte) (ID, bool) {
	var id ID
	if len(b) != len(id) {
		return id, false
	}
	copy(id[:], b)
	return id, id.IsOwn()
}

// NewBootID draws the 64 random bits that name one run of a process.
func NewBootID() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the process instead
	return binary.LittleEndian.Uint64(b[:])
}
