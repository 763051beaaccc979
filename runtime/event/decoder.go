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
	return &d.event, d.decode(b, &d.event)
}

func (d *Decoder) decode(b []byte, e *Event) error {
	if format := formatOf(b); format > Format {
		return fmt.Errorf("%w: %d, this build reads up to %d", ErrNewerFormat, format, Format)
	}
	if len(b) > MaxRecord {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrPoison, len(b), MaxRecord)
	}
	if err := d.fields(b, e); err != nil {
		return fmt.Errorf("%w: %w", ErrPoison, err)
	}
	if e.Format > Format {
		return fmt.Errorf("%w: %d, this build reads up to %d", ErrNewerFormat, e.Format, Format)
	}
	return check(e)
}

var errWire = errors.New("a field has another wire type than the schema says")

// fields takes all of b into e, which is empty. A field that the schema does not have is of a newer
// writer and skipped.
func (d *Decoder) fields(b []byte, e *Event) error {
	for len(b) > 0 {
		tag, n := uint64(b[0]), 1
		if tag >= 0x80 {
			if tag, n = uvarint(b); n <= 0 {
				return protohelpers.ErrInvalidLength
			}
		}
		var p place
		if tag < uint64(len(layout)) {
			p = layout[tag]
		}
		body, to := b[n:], unsafe.Add(unsafe.Pointer(e), p.offset)
		switch p.kind {
		case kindNone:
			skip, err := unknown(tag, b)
			if err != nil {
				return err
			}
			b = b[skip:]
		case kindNumber32, kindNumber64:
			value, size := uvarint(body)
			if size <= 0 {
				return protohelpers.ErrInvalidLength
			}
			if p.kind == kindNumber32 {
				*(*uint32)(to) = uint32(value)
			} else {
				*(*uint64)(to) = value
			}
			b = body[size:]
		case kindFixed64:
			if len(body) < 8 {
				return protohelpers.ErrInvalidLength
			}
			*(*uint64)(to), b = binary.LittleEndian.Uint64(body), body[8:]
		default:
			length, size := uint64(0), 1
			if len(body) > 0 && body[0] < 0x80 {
				length = uint64(body[0])
			} else {
				length, size = uvarint(body)
			}
			if size <= 0 || length > uint64(len(body)-size) {
				return protohelpers.ErrInvalidLength
			}
			end := size + int(length)
			content := body[size:end:end]
			switch p.kind {
			case kindText:
				*(*string)(to) = textOf(content)
			case kindBytes:
				*(*[]byte)(to) = content
			case kindTexts:
				*(*[]string)(to) = append(*(*[]string)(to), textOf(content))
			default:
				if err := d.message(p.kind, content, e); err != nil {
					return err
				}
			}
			b = body[end:]
		}
	}
	return nil
}

// unknown is the size of the field that b begins with, which the schema does not have.
func unknown(tag uint64, b []byte) (int, error) {
	if field := tag >> 3; field <= lastField || tag&7 == 4 {
		return 0, errWire
	}
	size, err := protohelpers.Skip(b)
	if err != nil {
		return 0, err
	}
	if size > len(b) {
		return 0, protohelpers.ErrInvalidLength
	}
	return size, nil
}

// uvarint is binary.Uvarint. Most numbers of a record have one byte, and the compiler puts that case in place.
func uvarint(b []byte) (value uint64, n int) {
	if len(b) == 0 || b[0] >= 0x80 {
		return longUvarint(b)
	}
	return uint64(b[0]), 1
}

func longUvarint(b []byte) (value uint64, n int) {
	if len(b) > 1 && b[1] < 0x80 {
		return uint64(b[0]&0x7f) | uint64(b[1])<<7, 2
	}
	return binary.Uvarint(b)
}

// textOf is b as a string that shares its memory.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// message reads an embedded message; one that stands twice is merged, as protobuf says.
func (d *Decoder) message(kind kind, b []byte, e *Event) error {
	if kind == kindSignals {
		if e.Signals == nil {
			d.signals.Reset()
			e.Signals = &d.signals
		}
		return e.Signals.UnmarshalVT(b)
	}
	if e.Verdict == nil {
		d.verdict.Reset()
		e.Verdict = &d.verdict
	}
	return e.Verdict.UnmarshalVT(b)
}
