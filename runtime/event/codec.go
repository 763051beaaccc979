// Package event is the record that everything counts (design 6.1): its schema, ids, codec and JSON
// form. A record is encoded once, when the tracker accepts it; every copy is the same bytes.
package event

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// Format is the newest record format that this build reads and writes.
const Format = 1

// MaxRecord bounds an encoded event in bytes; a larger one is poison.
const MaxRecord = 32 << 10

// ErrPoison says that a record can never be counted; it goes to the dead letters.
var ErrPoison = errors.New("poison record")

// ErrNewerFormat says that a record was written by a newer version; it stops the partition until
// this process is upgraded, and is no dead letter.
var ErrNewerFormat = errors.New("record of a newer format")

// Append encodes e behind dst in the current format. It fails for an event that Decode would refuse.
func Append(dst []byte, e *Event) ([]byte, error) {
	e.Format = Format
	if err := check(e); err != nil {
		return dst, fmt.Errorf("encode event: %w", err)
	}
	size := e.SizeVT()
	if size > MaxRecord {
		return dst, fmt.Errorf("encode event: %w: %d bytes, at most %d", ErrPoison, size, MaxRecord)
	}
	start := len(dst)
	dst = append(dst, make([]byte, size)...)
	if _, err := e.MarshalToSizedBufferVT(dst[start:]); err != nil {
		return dst[:start], fmt.Errorf("encode event: %w", err)
	}
	return dst, nil
}

// Decode reads one record into e, which is reset first and keeps nothing of b. The error wraps
// ErrPoison or ErrNewerFormat.
func Decode(b []byte, e *Event) error {
	e.Reset()
	return new(Decoder).decode(bytes.Clone(b), e)
}

// formatOf reads the format off a record's first field, where every encoder of ours puts it: what
// comes behind may be of a form that this build does not know. 0 when another field comes first.
func formatOf(b []byte) uint64 {
	const tag = 1<<3 | uint64(protowire.VarintType)
	if len(b) > 1 && uint64(b[0]) == tag && b[1] < 0x80 {
		return uint64(b[1])
	}
	field, kind, n := protowire.ConsumeTag(b)
	if n < 0 || field != 1 || kind != protowire.VarintType {
		return 0
	}
	format, n := protowire.ConsumeVarint(b[n:])
	if n < 0 {
		return 0
	}
	return format
}

// check refuses what no reader could count.
func check(e *Event) error {
	bad := func(reason string) error { return fmt.Errorf("%w: %s", ErrPoison, reason) }
	switch {
	case e.Format == 0:
		return bad("no format")
	case e.EventType.Name() == "":
		return bad("unknown event type")
	case e.Origin.Name() == "":
		return bad("unknown origin")
	case len(e.EventId) == 0 || len(e.EventId) > MaxIDLen:
		return bad("event id is empty or too long")
	case e.Timestamp <= 0 || e.Timestamp > MaxTimestamp:
		return bad("time out of range")
	case len(e.Metadata) > MaxMetadata || len(e.Subs) > MaxSubs:
		return bad("metadata or sub parameters too large")
	case e.PriceMicros < 0 || e.CostMicros < 0:
		return bad("negative money")
	}
	if e.Origin == Origin_ORIGIN_OWN {
		id, ok := IDFromBytes(e.EventId)
		if !ok {
			return bad("own event without an own id")
		}
		if id.Time() != e.Timestamp {
			return bad("own id and time disagree")
		}
	}
	return checkText(e)
}

func checkText(e *Event) error {
	if len(e.CampaignId) > MaxIDLen || len(e.AdvertiserId) > MaxIDLen || len(e.AdId) > MaxIDLen || len(e.PublisherId) > MaxIDLen ||
		len(e.TsId) > MaxIDLen || len(e.Caller) > MaxIDLen || len(e.LpId) > MaxIDLen || len(e.OfferId) > MaxIDLen {
		return fmt.Errorf("%w: an id has more than %d bytes", ErrPoison, MaxIDLen)
	}
	if valid(e.CampaignId) && valid(e.AdvertiserId) && valid(e.AdId) && valid(e.PublisherId) && valid(e.TsId) &&
		valid(e.UserAgent) && valid(e.Referer) && valid(e.Metadata) && valid(e.Destination) {
		return nil
	}
	return fmt.Errorf("%w: text is not UTF-8", ErrPoison)
}

// valid is utf8.ValidString; most texts are ASCII, and are told eight bytes at a time.
func valid(s string) bool {
	const high = 0x8080808080808080
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&high != 0 {
			return utf8.Valid(b)
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return utf8.Valid(b)
		}
	}
	return true
}
