package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// A segment is a header and then frames, one behind the other, up to the first that is none:
//
//	header  magic 8 | version 4 | zero 4 | boot 8 | number 8 | predecessor 8 | its end 8 | checksum 8
//	frame   length of the payload 4 | checksum 8 | payload
//
// All numbers are little-endian. Frames begin at headerBytes, so that no write of a frame touches
// the block of the header.
const (
	magic       = "ctjournl"
	version     = 1
	headerUsed  = 56
	headerBytes = 4096
	frameHead   = 4 + 8
)

// header says whose segment this is and where its predecessor ends.
type header struct {
	boot, number uint64
	previous     uint64 // number of the segment this writer left for this one; 0: none
	previousEnd  int64  // how far that one was synced
}

var errHeader = errors.New("not the header of a segment")

func (h *header) encode() []byte {
	b := make([]byte, 0, headerUsed+8)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, h.boot)
	b = binary.LittleEndian.AppendUint64(b, h.number)
	b = binary.LittleEndian.AppendUint64(b, h.previous)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.previousEnd))
	return binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b))
}

func decodeHeader(b []byte) (header, error) {
	if len(b) < headerUsed || string(b[:8]) != magic || xxhash.Sum64(b[:48]) != binary.LittleEndian.Uint64(b[48:]) {
		return header{}, errHeader
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != version {
		return header{}, fmt.Errorf("segment has format %d, this build reads %d: ship it with the build that wrote it (--drain)", v, version)
	}
	return header{
		boot: binary.LittleEndian.Uint64(b[16:]), number: binary.LittleEndian.Uint64(b[24:]),
		previous: binary.LittleEndian.Uint64(b[32:]), previousEnd: int64(binary.LittleEndian.Uint64(b[40:])),
	}, nil
}

// salt makes the checksums of one segment unlike those of any other.
func salt(boot, number uint64) uint64 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], boot)
	binary.LittleEndian.PutUint64(b[8:], number)
	return xxhash.Sum64(b[:])
}

// checksum covers the place of the frame, its length and its payload.
func checksum(salt uint64, at int64, payload []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(salt)
	var b [12]byte
	binary.LittleEndian.PutUint64(b[:], uint64(at))
	binary.LittleEndian.PutUint32(b[8:], uint32(len(payload)))
	_, _ = d.Write(b[:])
	_, _ = d.Write(payload)
	return d.Sum64()
}

// appendFrame appends the frame of a payload that will stand at that place of the segment.
func appendFrame(b []byte, salt uint64, at int64, payload []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint64(b, checksum(salt, at, payload))
	return append(b, payload...)
}

// Names of files.
const (
	segmentSuffix = ".segment"
	spareName     = "spare"
)

func segmentName(number uint64) string { return fmt.Sprintf("%016x%s", number, segmentSuffix) }

func damagedName(segment string) string {
	return strings.TrimSuffix(segment, segmentSuffix) + ".damaged"
}

func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	number, err := strconv.ParseUint(digits, 16, 64)
	return number, ok && err == nil && name == segmentName(number)
}
