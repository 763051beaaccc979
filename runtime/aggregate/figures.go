package aggregate

import (
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// counter is the place of a figure in a tally.
type counter uint8

const (
	impressions counter = iota
	pageViews
	clickThroughs
	bounces
	conversions
	clicksValid
	clicksSuspicious
	clicksFraudulent
	clicksTest
	clicksClosed
	clicksDuplicate
	duplicates
	counters // how many there are; as a counter: none
)

// tally is what one entity counts. The first one of a pane is that of all events.
type tally struct {
	figures   [counters]uint32 // a minute of a partition has far fewer events
	value     uint32
	dimension int8 // -1: all events
	touched   bool
	money     []store.Money
}

// counts are the figures as they are written.
func (t *tally) counts() store.Counts {
	of := func(c counter) uint64 { return uint64(t.figures[c]) }
	return store.Counts{
		Impressions: of(impressions), PageViews: of(pageViews), ClickThroughs: of(clickThroughs), Bounces: of(bounces), Conversions: of(conversions),
		ClicksValid: of(clicksValid), ClicksSuspicious: of(clicksSuspicious), ClicksFraudulent: of(clicksFraudulent),
		ClicksTest: of(clicksTest), ClicksClosed: of(clicksClosed),
		ClicksDuplicate: of(clicksDuplicate), Duplicates: of(duplicates), Money: t.money,
	}
}

// addition is what one event adds to every tally it counts in.
type addition struct {
	counter, also               counter
	priceCurrency, costCurrency string // copies that may be kept; empty unless the event is billed
	money                       store.Money
}

// additionOf says what an event adds; a further copy of one is a duplicate and nothing else.
func additionOf(e *event.Event, duplicate bool) addition {
	isClick := e.EventType == event.EventType_EVENT_TYPE_CLICK
	switch {
	case duplicate && isClick:
		return addition{counter: duplicates, also: clicksDuplicate}
	case duplicate:
		return addition{counter: duplicates, also: counters}
	case isClick:
		return clickAddition(e)
	}
	return addition{counter: counterOf[e.EventType], also: counters}
}

// counterOf is the counter of a type that has no status; decoding refuses other types.
var counterOf = [...]counter{
	event.EventType_EVENT_TYPE_IMPRESSION:    impressions,
	event.EventType_EVENT_TYPE_PAGE_VIEW:     pageViews,
	event.EventType_EVENT_TYPE_CLICK_THROUGH: clickThroughs,
	event.EventType_EVENT_TYPE_BOUNCE:        bounces,
	event.EventType_EVENT_TYPE_CONVERSION:    conversions,
}

// clickAddition keeps Test and Closed clicks apart from those that count by their status. A click
// without a status was not scored and is valid. Only the money of Routed clicks counts.
func clickAddition(e *event.Event) addition {
	a := addition{also: counters}
	switch e.Disposition {
	case event.Disposition_DISPOSITION_TEST:
		a.counter = clicksTest
		return a
	case event.Disposition_DISPOSITION_CLOSED:
		a.counter = clicksClosed
		return a
	}
	switch e.GetVerdict().GetStatus() {
	case event.Status_STATUS_SUSPICIOUS:
		a.counter, a.money.SpendSuspicious = clicksSuspicious, e.PriceMicros
	case event.Status_STATUS_FRAUDULENT:
		a.counter, a.money.SpendFraudulent = clicksFraudulent, e.PriceMicros
	default:
		a.counter, a.money.SpendValid = clicksValid, e.PriceMicros
	}
	a.money.Cost = e.CostMicros
	if e.Disposition == event.Disposition_DISPOSITION_ROUTED {
		a.priceCurrency, a.costCurrency = e.PriceCurrency, e.CostCurrency
	}
	return a
}

func (a *addition) to(t *tally) {
	t.figures[a.counter]++
	if a.also < counters {
		t.figures[a.also]++
	}
	if a.priceCurrency != "" || a.costCurrency != "" {
		sum := store.Counts{Money: t.money}
		sum.Spend(a.priceCurrency, a.costCurrency, a.money)
		t.money = sum.Money
	}
}
