package event

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/planetscale/vtprotobuf/protohelpers"
)

// Decoder reads record after record into one event: it copies no text and, but for a click's signals
// and verdict, allocates nothing. It decides exactly as Decode does. For one goroutine.
type Decoder struct {
	event   Event
	signals Signals
	verdict Verdict
}

// Decode reads one record. The event is valid until the next call, its texts and bytes are those of
// b: who keeps any copies it. The error wraps ErrPoison or ErrNewerFormat.
func (d *Decoder) Decode(b []byte) (*Event, error) {
	subs := d.event.Subs[:0]
	d.event.Reset()
	d.event.Subs = subs
	return &d.event, decode(b, &d.event, d)
}

func decode(b []byte, e *Event, spare *Decoder) error {
	if format := formatOf(b); format > Format {
		return fmt.Errorf("%w: %d, this build reads up to %d", ErrNewerFormat, format, Format)
	}
	if len(b) > MaxRecord {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrPoison, len(b), MaxRecord)
	}
	w := walk{Event: e, spare: spare}
	if err := w.fields(b); err != nil {
		return fmt.Errorf("%w: %w", ErrPoison, err)
	}
	if e.Format > Format {
		return fmt.Errorf("%w: %d, this build reads up to %d", ErrNewerFormat, e.Format, Format)
	}
	return check(e)
}

// walk goes over the fields of an encoded event into an empty one.
type walk struct {
	*Event
	spare *Decoder // holds the embedded messages
}

const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
)

var errWire = errors.New("a field has another wire type than the schema says")

// fields takes in all of b. Every field of the schema stands in decoder_fields.go; one that
// does not is of a newer writer and skipped.
func (w walk) fields(b []byte) error {
	for len(b) > 0 {
		tag, n := uvarint(b)
		if n <= 0 {
			return protohelpers.ErrInvalidLength
		}
		field, known := tag>>3, false
		switch body := b[n:]; tag & 7 {
		case wireVarint:
			value, size := uvarint(body)
			if size <= 0 {
				return protohelpers.ErrInvalidLength
			}
			if known = w.number(field, value); known {
				b = body[size:]
			}
		case wireBytes:
			length, size := uvarint(body)
			if size <= 0 || length > uint64(len(body)-size) {
				return protohelpers.ErrInvalidLength
			}
			end := size + int(length)
			var err error
			if known, err = w.bytes(field, body[size:end:end]); err != nil {
				return err
			}
			if known {
				b = body[end:]
			}
		case wireFixed64:
			if known = field == fieldBootID && len(body) >= 8; known {
				w.BootId, b = binary.LittleEndian.Uint64(body), body[8:]
			}
		}
		if known {
			continue
		}
		if field >= 1 && field <= fieldLast {
			return errWire
		}
		skip, err := protohelpers.Skip(b)
		if err != nil {
			return err
		}
		if skip > len(b) {
			return protohelpers.ErrInvalidLength
		}
		if field == 0 || tag&7 == 4 {
			return errWire
		}
		b = b[skip:]
	}
	return nil
}

// uvarint is binary.Uvarint; most numbers of a record have one byte or two.
func uvarint(b []byte) (value uint64, n int) {
	if len(b) > 1 {
		if b[0] < 0x80 {
			return uint64(b[0]), 1
		}
		if b[1] < 0x80 {
			return uint64(b[0]&0x7f) | uint64(b[1])<<7, 2
		}
	}
	return binary.Uvarint(b)
}

// textOf is b as a string that shares its memory.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// message reads an embedded message; one that stands twice is merged, as protobuf says.
func (w walk) message(field uint64, b []byte) error {
	if field == fieldSignals {
		if w.Signals == nil {
			w.spare.signals.Reset()
			w.Signals = &w.spare.signals
		}
		return w.Signals.UnmarshalVT(b)
	}
	if w.Verdict == nil {
		w.spare.verdict.Reset()
		w.Verdict = &w.spare.verdict
	}
	return w.Verdict.UnmarshalVT(b)
}
