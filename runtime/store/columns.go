package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/ClickHouse/ch-go/proto"
	client "github.com/ClickHouse/clickhouse-go/v2/lib/column"

	"github.com/clicktally/clicktally/runtime/intern"
)

// gatherer keeps one column of a block as bytes, row by row, until the block is sent. What the
// client's own Append would do by reflection or value by value is done once for the whole column.
type gatherer interface {
	kind() string // the column's type, as ClickHouse spells it
	add(r *Row)
	put(to client.Interface, rows int) error
	reset()
}

// decode hands a column over in ClickHouse's own format.
func decode(to client.Interface, wire []byte, rows int) error {
	return to.Decode(proto.NewReader(bytes.NewReader(wire)), rows)
}

// fixed is a column whose values have one size, appended as they are sent: little-endian.
type fixed struct {
	typ      string
	appendTo func(b []byte, r *Row) []byte
	wire     []byte
}

func (c *fixed) kind() string                            { return c.typ }
func (c *fixed) add(r *Row)                              { c.wire = c.appendTo(c.wire, r) }
func (c *fixed) put(to client.Interface, rows int) error { return decode(to, c.wire, rows) }
func (c *fixed) reset()                                  { c.wire = c.wire[:0] }

func uint8s(value func(*Row) uint8) *fixed {
	return &fixed{typ: "UInt8", appendTo: func(b []byte, r *Row) []byte { return append(b, value(r)) }}
}

func uint16s(value func(*Row) uint16) *fixed {
	return &fixed{typ: "UInt16", appendTo: func(b []byte, r *Row) []byte { return binary.LittleEndian.AppendUint16(b, value(r)) }}
}

func uint32s(value func(*Row) uint32) *fixed { return words32("UInt32", value) }

// seconds takes unix seconds below 2^32, which event.MaxTimestamp keeps.
func seconds(value func(*Row) int64) *fixed {
	return words32("DateTime('UTC')", func(r *Row) uint32 { return uint32(value(r)) })
}

func words32(typ string, value func(*Row) uint32) *fixed {
	return &fixed{typ: typ, appendTo: func(b []byte, r *Row) []byte { return binary.LittleEndian.AppendUint32(b, value(r)) }}
}

func uint64s(value func(*Row) uint64) *fixed { return words64("UInt64", value) }

func int64s(value func(*Row) int64) *fixed {
	return words64("Int64", func(r *Row) uint64 { return uint64(value(r)) })
}

// millis takes ms since the epoch.
func millis(value func(*Row) int64) *fixed {
	return words64("DateTime64(3, 'UTC')", func(r *Row) uint64 { return uint64(value(r)) })
}

func words64(typ string, value func(*Row) uint64) *fixed {
	return &fixed{typ: typ, appendTo: func(b []byte, r *Row) []byte { return binary.LittleEndian.AppendUint64(b, value(r)) }}
}

// texts is a column of String.
type texts struct {
	appendTo func(b []byte, r *Row) []byte
	bytes    []byte
	ends     []int
	scratch  []string
}

func strs(value func(*Row) string) *texts {
	return &texts{appendTo: func(b []byte, r *Row) []byte { return append(b, value(r)...) }}
}

func (c *texts) kind() string { return "String" }

func (c *texts) add(r *Row) {
	c.bytes = c.appendTo(c.bytes, r)
	c.ends = append(c.ends, len(c.bytes))
}

// put takes the client's Append, which is faster for texts than its Decode. The client copies them.
func (c *texts) put(to client.Interface, _ int) error {
	if len(c.bytes) > 0 {
		// One long text, taken back, makes room for all: the client grows its buffer by doubling.
		if _, err := to.Append([]string{textOf(c.bytes)}); err != nil {
			return err
		}
		to.Reset()
	}
	c.scratch = c.scratch[:0]
	start := 0
	for _, end := range c.ends {
		c.scratch = append(c.scratch, textOf(c.bytes[start:end]))
		start = end
	}
	_, err := to.Append(c.scratch)
	return err
}

func (c *texts) reset() { c.bytes, c.ends = c.bytes[:0], c.ends[:0] }

func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// low is a column of LowCardinality(String): each text once, and its number for each row. The empty
// text has number 0, as the format demands of a default.
type low struct {
	value func(*Row) string
	known intern.Table
	keys  []uint32
	wire  []byte
}

func lows(value func(*Row) string) *low { return &low{value: value} }

func (c *low) kind() string { return "LowCardinality(String)" }

func (c *low) add(r *Row) {
	text, key := c.value(r), uint32(0)
	if text != "" {
		key, _ = c.known.Number(text)
		key++
	}
	c.keys = append(c.keys, key)
}

// Parts of the format: a column brings its whole dictionary, and keys are 8, 16 or 32 bits wide.
const (
	lowOwnDictionary = 1<<9 | 1<<10
	lowKeys8         = 0
	lowKeys16        = 1
	lowKeys32        = 2
)

func (c *low) put(to client.Interface, rows int) error {
	width, dictionary := uint64(lowKeys32), c.known.Len()+1
	switch {
	case dictionary <= 1<<8:
		width = lowKeys8
	case dictionary <= 1<<16:
		width = lowKeys16
	}
	b := binary.LittleEndian.AppendUint64(c.wire[:0], lowOwnDictionary|width)
	b = binary.LittleEndian.AppendUint64(b, uint64(dictionary))
	b = append(b, 0)
	for number := range uint32(c.known.Len()) {
		b = appendText(b, c.known.Text(number))
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(c.keys)))
	for _, key := range c.keys {
		switch width {
		case lowKeys8:
			b = append(b, uint8(key))
		case lowKeys16:
			b = binary.LittleEndian.AppendUint16(b, uint16(key))
		default:
			b = binary.LittleEndian.AppendUint32(b, key)
		}
	}
	c.wire = b
	return decode(to, b, rows)
}

func (c *low) reset() {
	c.known.Reset()
	c.keys = c.keys[:0]
}

// lists is a column of Array: where each row's list ends, then all values.
type lists struct {
	typ      string
	appendTo func(b []byte, r *Row) (wire []byte, values int)
	ends     []byte
	values   []byte
	n        uint64
	wire     []byte
}

func (c *lists) kind() string { return c.typ }

func (c *lists) add(r *Row) {
	var values int
	c.values, values = c.appendTo(c.values, r)
	c.n += uint64(values)
	c.ends = binary.LittleEndian.AppendUint64(c.ends, c.n)
}

func (c *lists) put(to client.Interface, rows int) error {
	c.wire = append(append(c.wire[:0], c.ends...), c.values...)
	return decode(to, c.wire, rows)
}

func (c *lists) reset() { c.ends, c.values, c.n = c.ends[:0], c.values[:0], 0 }

// appendText appends a text as the format has it: its length, then its bytes.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// textList is a column of Array(String).
func textList(appendTo func(b []byte, r *Row) ([]byte, int)) *lists {
	return &lists{typ: "Array(String)", appendTo: appendTo}
}

// named is one column of a table.
type named struct {
	name string
	gatherer
}

func (c *named) send(to client.Interface, rows int) error {
	if typ := string(to.Type()); typ != c.kind() {
		return fmt.Errorf("column %s is of type %s, this build writes %s: is the schema of another version?", c.name, typ, c.kind())
	}
	if err := c.put(to, rows); err != nil {
		return fmt.Errorf("fill column %s: %w", c.name, err)
	}
	if to.Rows() != rows {
		return fmt.Errorf("fill column %s: %d of %d rows", c.name, to.Rows(), rows)
	}
	return nil
}
