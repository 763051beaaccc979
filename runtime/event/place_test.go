package event

import "testing"

func TestAConversionIsPlacedByItsClick(t *testing.T) {
	const clicked, converted = 1_000_000, 9_000_000
	click := NewID(clicked, 7, 42, 1)
	follow := func(change func(*Event)) *Event {
		e := &Event{EventType: EventType_EVENT_TYPE_CONVERSION, Timestamp: converted, ClickId: click[:], AdId: "ad"}
		if change != nil {
			change(e)
		}
		return e
	}
	tests := map[string]struct {
		event     *Event
		time      int64
		of        uint32 // partitions
		partition uint32
		chosen    bool
	}{
		"where and when its click was":                        {follow(nil), clicked, 12, 7, true},
		"by its ad where there is no such partition":          {follow(nil), clicked, 4, PartitionOf("ad", nil, nil, 4), true},
		"a step that is no conversion goes by itself":         {follow(func(e *Event) { e.EventType = EventType_EVENT_TYPE_CLICK_THROUGH }), converted, 12, PartitionOf("ad", nil, nil, 12), true},
		"a conversion of nothing goes by itself":              {follow(func(e *Event) { e.ClickId = nil }), converted, 12, PartitionOf("ad", nil, nil, 12), true},
		"a foreign event without ad goes by its id":           {&Event{Origin: Origin_ORIGIN_FOREIGN, EventId: []byte("x"), UserId: []byte("u")}, 0, 12, PartitionOf("", nil, []byte("x"), 12), true},
		"an own event without ad goes by its visitor":         {&Event{Origin: Origin_ORIGIN_OWN, EventId: []byte("x"), UserId: []byte("u")}, 0, 12, PartitionOf("", []byte("u"), nil, 12), true},
		"with neither it goes by its id, as one that is free": {&Event{Origin: Origin_ORIGIN_OWN, EventId: []byte("x")}, 0, 12, PartitionOf("", nil, []byte("x"), 12), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.event.PlaceTime(); got != test.time {
				t.Errorf("its generation is that of %d, want %d", got, test.time)
			}
			partition, chosen := test.event.PartitionIn(test.of)
			if partition != test.partition || chosen != test.chosen {
				t.Errorf("partition %d (chosen: %v), want %d (%v)", partition, chosen, test.partition, test.chosen)
			}
		})
	}
}
