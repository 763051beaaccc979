package event

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
)

// full is an event with every field of the schema set, whatever it means.
func full(t *testing.T) *Event {
	e := &Event{}
	fill(t, e.ProtoReflect(), 1)
	return e
}

func fill(t *testing.T, m protoreflect.Message, n int64) {
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		n++
		switch {
		case f.IsList() && f.Message() != nil:
			fill(t, m.Mutable(f).List().AppendMutable().Message(), n)
		case f.IsList():
			m.Mutable(f).List().Append(protoreflect.ValueOfString("one"))
			m.Mutable(f).List().Append(protoreflect.ValueOfString(""))
		case f.Message() != nil:
			fill(t, m.Mutable(f).Message(), n)
		case f.Enum() != nil:
			m.Set(f, protoreflect.ValueOfEnum(2))
		default:
			m.Set(f, valueOf(t, f.Kind(), n))
		}
	}
}

func valueOf(t *testing.T, kind protoreflect.Kind, n int64) protoreflect.Value {
	switch kind {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("text " + string(rune('a'+n%26)))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte{byte(n), 0, 255})
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(n) << 20)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(n) << 50)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(-n << 40)
	default:
		t.Fatalf("the schema has a field of kind %v: teach the decoder and this test", kind)
		return protoreflect.Value{}
	}
}

func TestTheDecoderKnowsEveryFieldOfTheSchema(t *testing.T) {
	want := full(t)
	b, err := proto.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	for range 2 { // the second time over what the first left
		d.event.Reset()
		if err := d.fields(b, &d.event); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, &d.event, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestADecoderForgetsTheEventBefore(t *testing.T) {
	long, err := Append(nil, click())
	if err != nil {
		t.Fatal(err)
	}
	short, err := Append(nil, &Event{
		EventType: EventType_EVENT_TYPE_IMPRESSION, Origin: Origin_ORIGIN_FOREIGN, EventId: []byte("x"), Timestamp: 1, Subs: []string{"z"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	for _, b := range [][]byte{long, short, long} {
		var want Event
		if err := proto.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		got, err := d.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, got, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAFieldOfANewerWriterIsSkippedAndABrokenOneIsPoison(t *testing.T) {
	b, err := Append(nil, click())
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	for name, test := range map[string]struct {
		tail []byte
		bad  bool
	}{
		"an unknown number":                    {tail: []byte{0xa0, 0x06, 0x05}},
		"an unknown text":                      {tail: []byte{0xa2, 0x06, 0x02, 'h', 'i'}},
		"a text that ends early":               {tail: []byte{0xa2, 0x06, 0x05, 'h', 'i'}, bad: true},
		"an id that ends early":                {tail: []byte{0x6a, 0x05, 'h', 'i'}, bad: true},
		"an id that is a number":               {tail: []byte{0x68, 0x05}, bad: true},
		"a time that is a text":                {tail: []byte{0x4a, 0x01, 'x'}, bad: true},
		"a boot id that ends early":            {tail: []byte{0x29, 1, 2, 3}, bad: true},
		"a number without an end":              {tail: []byte{0x48, 0xff, 0xff}, bad: true},
		"the end of a group that never begins": {tail: []byte{0xa4, 0x06}, bad: true},
		"field 0":                              {tail: []byte{0x00, 0x01}, bad: true},
		"signals that are none":                {tail: []byte{0xa2, 0x03, 0x01, 0xff}, bad: true},
	} {
		_, err := d.Decode(append(slices.Clip(b), test.tail...))
		if (err != nil) != test.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
}
