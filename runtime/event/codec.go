// Package event is the record that everything counts (design 6.1): its schema, ids, codec and JSON
// form. A record is encoded once, when the tracker accepts it; every copy is the same bytes.
package event

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

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
	return decode(bytes.Clone(b), e, &Decoder{})
}

// formatOf reads the format off a record's first field, where every encoder of ours puts it: what
// comes behind may be of a form that this build does not know. 0 when another field comes first.
func formatOf(b []byte) uint64 {
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
	for _, s := range [...]string{e.CampaignId, e.AdvertiserId, e.AdId, e.PublisherId, e.TsId, e.Caller, e.LpId, e.OfferId} {
		if len(s) > MaxIDLen {
			return fmt.Errorf("%w: an id has more than %d bytes", ErrPoison, MaxIDLen)
		}
	}
	for _, s := range [...]string{e.CampaignId, e.AdvertiserId, e.AdId, e.PublisherId, e.TsId, e.UserAgent, e.Referer, e.Metadata, e.Destination} {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%w: text is not UTF-8", ErrPoison)
		}
	}
	return nil
}
