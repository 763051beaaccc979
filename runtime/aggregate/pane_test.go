package aggregate

import (
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

func click(at time.Time, counter uint32) *event.Event {
	id := event.NewID(at.UnixMilli(), 1, 77, counter)
	return &event.Event{
		Format: event.Format, EventType: event.EventType_EVENT_TYPE_CLICK, Origin: event.Origin_ORIGIN_OWN, EventId: id[:],
		BootId: 77, Counter: uint64(counter), SrcPart: 1, Timestamp: at.UnixMilli(), CampaignId: "spring-sale", AdId: "ad-123",
		AdvertiserId: "adv-789", Named: event.NamedAd, Country: "DE", Disposition: event.Disposition_DISPOSITION_ROUTED,
		PriceMicros: 500_000, PriceCurrency: "USD", Verdict: &event.Verdict{Status: event.Status_STATUS_VALID},
	}
}

func all(writes []store.LiveWrite) map[int64]store.Counts {
	byMinute := map[int64]store.Counts{}
	for _, w := range writes {
		if w.Entity.Kind == store.EntityAll {
			byMinute[w.Minute] = w.Counts
		}
	}
	return byMinute
}

func TestPanesReturnAbsoluteValuesOfWhatChanged(t *testing.T) {
	p := newPanes(1, 3, 10, paneFloor(noon))
	p.add(click(noon, 1), noon)
	p.add(click(noon, 1), noon)
	first := p.changed(2, false)
	if got := all(first)[noon.Unix()]; got.ClicksValid != 1 || got.ClicksDuplicate != 1 || got.In("USD").SpendValid != 500_000 {
		t.Errorf("one click and its copy count as %+v", got)
	}
	if len(first) != 7 {
		t.Errorf("%d values, want one for each of the 7 entities", len(first))
	}
	for _, w := range first {
		if w.Ver != 3<<48|2 {
			t.Errorf("%v at ver %x, want epoch 3 and offset 2", w.Entity, w.Ver)
		}
	}
	if again := p.changed(5, false); len(again) != 0 {
		t.Errorf("nothing changed, yet %d values were returned", len(again))
	}
	if again := p.changed(5, true); len(again) != 7 {
		t.Errorf("%d values when all are asked for, want 7", len(again))
	}
}

func TestPanesLeaveMinutesThatAreNotExactToMinuteRows(t *testing.T) {
	p := newPanes(1, 0, 10, paneFloor(noon))
	p.add(click(noon.Add(-15*time.Minute), 1), noon)
	p.add(click(noon.Add(-14*time.Minute), 2), noon)
	p.add(click(noon.Add(paneAhead+2*time.Minute), 3), noon)
	got := all(p.changed(3, true))
	if len(got) != 1 || got[noon.Add(-14*time.Minute).Unix()].ClicksValid != 1 {
		t.Errorf("panes hold %v, want the minute 14 minutes ago alone", got)
	}
	ahead := noon.Add(paneAhead + 2*time.Minute).Unix()
	if p.exact(ahead) {
		t.Error("a minute whose event was skipped is called exact")
	}
	p.add(click(noon.Add(paneAhead+2*time.Minute), 4), noon.Add(10*time.Minute))
	if _, opened := all(p.changed(4, true))[ahead]; opened {
		t.Error("a minute whose event was skipped opened a pane later")
	}
	p.close(noon.Add(time.Minute))
	if p.exact(noon.Add(-14 * time.Minute).Unix()) {
		t.Error("a closed minute is called exact")
	}
}

func TestAPaneThatIsDroppedBeforeItWasPublishedIsLeftToItsMinuteRows(t *testing.T) {
	p := &partition{panes: newPanes(1, 0, 10, paneFloor(noon))}
	far := noon.Add(paneAhead + 2*time.Minute)
	p.panes.add(click(far, 1), noon.Add(5*time.Minute)) // one clock says it is near
	p.panes.add(click(far.Add(time.Minute), 2), noon)
	if p.publish(noon, 2, false); p.history {
		t.Error("nothing was dropped, yet the minute rows are asked for")
	}
	p.panes.add(click(far, 3), noon.Add(5*time.Minute))
	p.panes.add(click(far.Add(-time.Minute), 4), noon) // another says it is not, and the range now holds the pane
	if writes := p.publish(noon, 4, false); len(all(writes)) != 0 || !p.history {
		t.Errorf("%d values of a dropped pane, minute rows asked for: %t; want none, true", len(writes), p.history)
	}
}

func TestOwnIDsAreSeenOncePerBootAndCounter(t *testing.T) {
	s := newIdentities()
	for _, boot := range []uint64{1, 2} {
		for _, counter := range []uint32{0, 63, 64, 511, 512, event.MaxCounter} {
			id := event.NewID(1, 1, boot, counter)
			if s.seenOwn(id) {
				t.Errorf("boot %d counter %d was seen before it came", boot, counter)
			}
			if !s.seenOwn(id) {
				t.Errorf("boot %d counter %d was forgotten", boot, counter)
			}
		}
	}
}
