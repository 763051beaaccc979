package event

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

func click() *Event {
	id := NewID(1795341600000, 7, 99, 12)
	return &Event{
		EventType: EventType_EVENT_TYPE_CLICK, Origin: Origin_ORIGIN_OWN, EventId: id[:], BootId: 99,
		SrcPart: uint32(NewSrcPart(0, 7)), Counter: 12, Settled: 11, Timestamp: 1795341600000, Accepted: 1795341600001,
		CampaignId: "spring-sale", AdId: "ad-123", AdvertiserId: "adv-789", PublisherId: "pub-001", Named: NamedAd | NamedPublisher,
		UserAgent: "Mozilla/5.0", DeviceType: DeviceType_DEVICE_TYPE_MOBILE, IpAddress: []byte{198, 51, 100, 0},
		Subs: []string{"a", "", "c"}, Disposition: Disposition_DISPOSITION_ROUTED,
		PriceMicros: 400000, PriceCurrency: "USD",
		Signals: &Signals{IpClicks: []*WindowCount{{WindowS: 3600, Count: 11}}, UserAgentClass: UserAgentClass_USER_AGENT_CLASS_BROWSER},
		Verdict: &Verdict{
			Status: Status_STATUS_SUSPICIOUS, Score: 40,
			Reasons: []*ReasonPoints{{Reason: Reason_REASON_IP_VELOCITY, Points: 40, Counted: 40}}, PolicyDigest: []byte{1, 2},
		},
	}
}

func TestARecordComesBackAsItWas(t *testing.T) {
	want := click()
	b, err := Append(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	var got Event
	if err := Decode(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	var standard Event // the wire format is protobuf's, whoever reads it
	if err := proto.Unmarshal(b, &standard); err != nil || !proto.Equal(want, &standard) {
		t.Errorf("the standard decoder sees another event: %v", err)
	}
}

func TestRecordsThatCannotBeCounted(t *testing.T) {
	for name, spoil := range map[string]func(*Event){
		"an unknown type":                 func(e *Event) { e.EventType = 77 },
		"no origin":                       func(e *Event) { e.Origin = 0 },
		"no id":                           func(e *Event) { e.EventId = nil },
		"an own id that is not ours":      func(e *Event) { e.EventId = []byte("0123456789abcdef") },
		"an id of another time":           func(e *Event) { e.Timestamp++ },
		"a time before the epoch":         func(e *Event) { e.Timestamp = -5 },
		"a time beyond 2106":              func(e *Event) { e.Timestamp = MaxTimestamp + 1 },
		"metadata above its bound":        func(e *Event) { e.Metadata = strings.Repeat("x", MaxMetadata+1) },
		"a campaign id above its bound":   func(e *Event) { e.CampaignId = strings.Repeat("x", MaxIDLen+1) },
		"text that is not UTF-8":          func(e *Event) { e.Referer = "\xff\xfe" },
		"money below zero":                func(e *Event) { e.PriceMicros = -1 },
		"more sub parameters than twenty": func(e *Event) { e.Subs = make([]string, MaxSubs+1) },
	} {
		e := click()
		spoil(e)
		if _, err := Append(nil, e); !errors.Is(err, ErrPoison) {
			t.Errorf("%s: encoding gave %v", name, err)
		}
		e.Format = Format
		b, err := e.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		if err := Decode(b, &Event{}); !errors.Is(err, ErrPoison) {
			t.Errorf("%s: decoding gave %v", name, err)
		}
	}
	if err := Decode([]byte("not a record"), &Event{}); !errors.Is(err, ErrPoison) {
		t.Errorf("random bytes: got %v", err)
	}
	if err := Decode(make([]byte, MaxRecord+1), &Event{}); !errors.Is(err, ErrPoison) {
		t.Errorf("an oversized record: got %v", err)
	}
}

func TestARecordOfANewerFormatIsNoPoison(t *testing.T) {
	e := click()
	e.Format = Format + 1
	b, err := e.MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	if err := Decode(b, &Event{}); !errors.Is(err, ErrNewerFormat) || errors.Is(err, ErrPoison) {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	b, err := Append(nil, click())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var e Event
		if err := Decode(data, &e); err != nil {
			if !errors.Is(err, ErrPoison) && !errors.Is(err, ErrNewerFormat) {
				t.Errorf("an error of neither kind: %v", err)
			}
			return
		}
		again, err := Append(nil, &e)
		if err != nil {
			t.Fatalf("decoded, but does not encode: %v", err)
		}
		var back Event
		if err := Decode(again, &back); err != nil {
			t.Fatal(err)
		}
		if back.Identity() != e.Identity() {
			t.Error("identity changed on the way")
		}
		e.View()
	})
}

func TestANewerFormatIsToldBeforeItsRecordIsUnderstood(t *testing.T) {
	format := []byte{1 << 3, Format + 1} // field 1, a varint
	for name, rest := range map[string][]byte{
		"a field that has another type now": {9<<3 | 2, 1, 'x'},
		"a field that ends early":           {4<<3 | 2, 200, 'x'},
		"more than a record may hold today": append([]byte{32<<3&0x7f | 2 | 0x80, 32 >> 4, 0x80, 0x80, 4}, make([]byte, 1<<16)...),
	} {
		if err := Decode(append(slices.Clip(format), rest...), &Event{}); !errors.Is(err, ErrNewerFormat) {
			t.Errorf("%s: %v, want it to stop the partition, not to become a dead letter", name, err)
		}
	}
}
