package aggregate

import "github.com/clicktally/clicktally/runtime/event"

// billed says whether the event's money counts: that of Routed clicks only.
func billed(e *event.Event) bool {
	return e.EventType == event.EventType_EVENT_TYPE_CLICK && e.Disposition == event.Disposition_DISPOSITION_ROUTED
}

// count adds the first copy of an event.
func (r *paneRow) count(e *event.Event) {
	switch e.EventType {
	case event.EventType_EVENT_TYPE_IMPRESSION:
		r.fresh.Impressions++
	case event.EventType_EVENT_TYPE_PAGE_VIEW:
		r.fresh.PageViews++
	case event.EventType_EVENT_TYPE_CLICK_THROUGH:
		r.fresh.ClickThroughs++
	case event.EventType_EVENT_TYPE_BOUNCE:
		r.fresh.Bounces++
	case event.EventType_EVENT_TYPE_CONVERSION:
		r.fresh.Conversions++
	case event.EventType_EVENT_TYPE_CLICK:
		r.countClick(e)
	}
}

// countClick keeps Test and Closed clicks apart from those that count by their status. A click
// without a status was not scored and is valid.
func (r *paneRow) countClick(e *event.Event) {
	switch e.Disposition {
	case event.Disposition_DISPOSITION_TEST:
		r.fresh.ClicksTest++
		return
	case event.Disposition_DISPOSITION_CLOSED:
		r.fresh.ClicksClosed++
		return
	}
	clicks, spend := &r.fresh.ClicksValid, &r.money.SpendValid
	switch e.GetVerdict().GetStatus() {
	case event.Status_STATUS_SUSPICIOUS:
		clicks, spend = &r.fresh.ClicksSuspicious, &r.money.SpendSuspicious
	case event.Status_STATUS_FRAUDULENT:
		clicks, spend = &r.fresh.ClicksFraudulent, &r.money.SpendFraudulent
	}
	*clicks++
	if billed(e) {
		*spend += e.PriceMicros
		r.money.Cost += e.CostMicros
	}
}

// duplicate adds a further copy of an event to the row of the first.
func (r *paneRow) duplicate(e *event.Event) {
	r.fresh.Duplicates++
	if e.EventType == event.EventType_EVENT_TYPE_CLICK {
		r.fresh.ClicksDuplicate++
	}
}
