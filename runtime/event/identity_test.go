package event

import (
	"testing"
)

func TestForeignIdentity(t *testing.T) {
	base := func() *Event {
		return &Event{
			EventType: EventType_EVENT_TYPE_CLICK, Origin: Origin_ORIGIN_FOREIGN, EventId: []byte("order-1"),
			Timestamp: 1795341600000, CampaignId: "c", AdId: "a", Caller: "propeller",
		}
	}
	want := base().Identity()
	if want[6]>>4 != 0 {
		t.Errorf("version nibble is %d: a foreign identity could meet an own id", want[6]>>4)
	}
	for name, change := range map[string]func(*Event){
		"another caller":            func(e *Event) { e.Caller = "" },
		"another campaign":          func(e *Event) { e.CampaignId = "d" },
		"another ad":                func(e *Event) { e.AdId = "b" },
		"another type":              func(e *Event) { e.EventType = EventType_EVENT_TYPE_CONVERSION },
		"another id":                func(e *Event) { e.EventId = []byte("order-2") },
		"another time":              func(e *Event) { e.Timestamp++ },
		"a byte moved across parts": func(e *Event) { e.Caller, e.CampaignId = "propellerc", "" },
	} {
		e := base()
		change(e)
		if e.Identity() == want {
			t.Errorf("%s gave the same identity", name)
		}
	}
	retry := base()
	retry.BootId, retry.Counter, retry.Accepted, retry.PublisherId = 5, 6, 7, "other"
	if retry.Identity() != want {
		t.Error("a retry through another tracker is another event")
	}
}

func TestAnOwnIdentityIsItsID(t *testing.T) {
	e := click()
	if id := e.Identity(); string(id[:]) != string(e.EventId) {
		t.Errorf("got %x", id)
	}
	if e.EventIDText() != "01a202b2-c500-8007-8000-0018c000000c" {
		t.Errorf("got %s", e.EventIDText())
	}
}

func TestPartitionIsChosenByAdThenVisitorThenID(t *testing.T) {
	const many = 4096
	byAd := PartitionOf("ad-1", []byte("u1"), []byte("e1"), many)
	if byAd != PartitionOf("ad-1", []byte("u2"), []byte("e2"), many) {
		t.Error("one ad's events do not share a partition")
	}
	byVisitor := PartitionOf("", []byte("u1"), []byte("e1"), many)
	if byVisitor != PartitionOf("", []byte("u1"), []byte("e2"), many) {
		t.Error("one visitor's events without ad do not share a partition")
	}
	spread := map[uint32]bool{}
	for i := range 100 {
		spread[PartitionOf("", nil, []byte{byte(i)}, 8)] = true
	}
	if len(spread) != 8 {
		t.Errorf("foreign ids reach %d of 8 partitions", len(spread))
	}
}

func TestAnOrphanCountsUnderTheEmptyCampaign(t *testing.T) {
	e := click()
	if e.CountedCampaign() != "spring-sale" {
		t.Errorf("routed: got %q", e.CountedCampaign())
	}
	e.Disposition = Disposition_DISPOSITION_ORPHAN
	if e.CountedCampaign() != "" {
		t.Errorf("orphan: got %q", e.CountedCampaign())
	}
}
