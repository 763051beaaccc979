package aggregate

import (
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// billed says whether the event's money counts: that of Routed clicks only.
func billed(e *event.Event) bool {
	return e.EventType == event.EventType_EVENT_TYPE_CLICK && e.Disposition == event.Disposition_DISPOSITION_ROUTED
}

// figures are what one event adds to every tally it counts in.
type figures struct {
	*event.Event
	duplicate                   bool   // a further copy of an event
	priceCurrency, costCurrency string // of billed events; copies that may be kept
}

func (f *figures) addTo(c *store.Counts) {
	if f.duplicate {
		c.Duplicates++
		if f.EventType == event.EventType_EVENT_TYPE_CLICK {
			c.ClicksDuplicate++
		}
		return
	}
	switch f.EventType {
	case event.EventType_EVENT_TYPE_IMPRESSION:
		c.Impressions++
	case event.EventType_EVENT_TYPE_PAGE_VIEW:
		c.PageViews++
	case event.EventType_EVENT_TYPE_CLICK_THROUGH:
		c.ClickThroughs++
	case event.EventType_EVENT_TYPE_BOUNCE:
		c.Bounces++
	case event.EventType_EVENT_TYPE_CONVERSION:
		c.Conversions++
	case event.EventType_EVENT_TYPE_CLICK:
		f.addClickTo(c)
	}
}

// addClickTo keeps Test and Closed clicks apart from those that count by their status. A click
// without a status was not scored and is valid.
func (f *figures) addClickTo(c *store.Counts) {
	switch f.Disposition {
	case event.Disposition_DISPOSITION_TEST:
		c.ClicksTest++
		return
	case event.Disposition_DISPOSITION_CLOSED:
		c.ClicksClosed++
		return
	}
	var spend store.Money
	switch f.GetVerdict().GetStatus() {
	case event.Status_STATUS_SUSPICIOUS:
		c.ClicksSuspicious++
		spend.SpendSuspicious = f.PriceMicros
	case event.Status_STATUS_FRAUDULENT:
		c.ClicksFraudulent++
		spend.SpendFraudulent = f.PriceMicros
	default:
		c.ClicksValid++
		spend.SpendValid = f.PriceMicros
	}
	if billed(f.Event) {
		spend.Cost = f.CostMicros
		c.Spend(f.priceCurrency, f.costCurrency, spend)
	}
}
