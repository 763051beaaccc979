package event

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// kind is how the bytes behind a tag become a value.
type kind uint8

const (
	kindNone     kind = iota // not of the schema
	kindNumber32             // and enums
	kindNumber64
	kindFixed64
	kindText
	kindBytes
	kindTexts
	kindSignals
	kindVerdict
)

// place is where the value behind a tag stands in an Event.
type place struct {
	kind   kind
	offset uint16
}

// layout is the place behind each tag (a field's number and wire type) of the schema, read once off the
// struct that protoc-gen-go made: no field can be forgotten.
var layout, lastField = layoutOf(reflect.TypeFor[Event]())

func layoutOf(event reflect.Type) (places [64 << 3]place, last uint64) {
	for f := range event.Fields() {
		wire, rest, _ := strings.Cut(f.Tag.Get("protobuf"), ",")
		if wire == "" {
			continue // what the library keeps
		}
		number, _, _ := strings.Cut(rest, ",")
		n, err := strconv.ParseUint(number, 10, 32)
		kind, wireType := kindOf(wire, f.Type)
		if err != nil || kind == kindNone {
			panic(fmt.Sprintf("the decoder cannot read the field %s: %s", f.Name, f.Tag))
		}
		places[n<<3|wireType] = place{kind: kind, offset: uint16(f.Offset)}
		last = max(last, n)
	}
	return places, last
}

func kindOf(wire string, t reflect.Type) (kind kind, wireType uint64) {
	const varint, fixed64, bytes = 0, 1, 2
	switch {
	case wire == "varint" && (t.Kind() == reflect.Uint32 || t.Kind() == reflect.Int32):
		return kindNumber32, varint
	case wire == "varint" && (t.Kind() == reflect.Uint64 || t.Kind() == reflect.Int64):
		return kindNumber64, varint
	case wire == "fixed64" && t.Kind() == reflect.Uint64:
		return kindFixed64, fixed64
	case t == reflect.TypeFor[string]():
		return kindText, bytes
	case t == reflect.TypeFor[[]byte]():
		return kindBytes, bytes
	case t == reflect.TypeFor[[]string]():
		return kindTexts, bytes
	case t == reflect.TypeFor[*Signals]():
		return kindSignals, bytes
	case t == reflect.TypeFor[*Verdict]():
		return kindVerdict, bytes
	}
	return kindNone, 0
}
