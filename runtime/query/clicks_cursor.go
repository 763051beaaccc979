package query

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// cursor is a place between two events of a list that runs from new to old: everything before it was
// answered. It holds the list's beginning too, so that a list whose `from` follows the clock keeps its
// end. Events that arrive later land before or behind the place and never repeat one already answered.
type cursor struct {
	from     int64 // Unix seconds
	ms       int64 // of the last event answered
	identity [16]byte
}

const cursorLen = 8 + 8 + 16

func (c cursor) String() string {
	var b [cursorLen]byte
	binary.BigEndian.PutUint64(b[0:], uint64(c.from))
	binary.BigEndian.PutUint64(b[8:], uint64(c.ms))
	copy(b[16:], c.identity[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// cursor returns the cursor of the request, or nil when the list is read from its newest event.
func (p *params) cursor() *cursor {
	v := p.one("cursor")
	if !p.has("cursor") {
		return nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(v)
	if err != nil || len(b) != cursorLen {
		p.fail("cursor", "%q is no next_cursor of this list", clip(v))
		return nil
	}
	c := &cursor{from: int64(binary.BigEndian.Uint64(b[0:])), ms: int64(binary.BigEndian.Uint64(b[8:]))}
	copy(c.identity[:], b[16:])
	first, last := yearStart(firstYear), yearStart(lastYear+1)
	if at := time.UnixMilli(c.ms); c.from < first.Unix() || c.from >= last.Unix() || at.Before(first) || !at.Before(last) {
		p.fail("cursor", "%q is no next_cursor of this list", clip(v))
		return nil
	}
	return c
}

func yearStart(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }

func (c cursor) identityHex() string { return hex.EncodeToString(c.identity[:]) }
