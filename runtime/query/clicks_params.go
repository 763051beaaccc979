package query

import (
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

var clicksParameters = []string{
	"campaign_id", "ad_id", "type", "status", "disposition", "from", "to", "time_zone", "limit", "cursor", "addresses",
}

// Bounds of /v1/clicks.
const (
	longestList  = 31 * day
	defaultList  = day
	defaultLimit = 100
	maxLimit     = 10_000
)

// listRequest is a read of raw events, newest first.
type listRequest struct {
	filters   []filter // of what an identity is made of: the same in every copy of an event
	verdict   []filter // of what each copy was judged: that of the counted copy, the first in the log
	from, to  time.Time
	after     *cursor
	limit     int
	addresses bool
}

func parseList(p *params, now time.Time) (listRequest, error) {
	zone := p.zone()
	r := listRequest{limit: p.number("limit", defaultLimit, 1, maxLimit), addresses: p.flag("addresses"), after: p.cursor()}
	for _, name := range []string{"campaign_id", "ad_id"} {
		r.filters = appendFilter(r.filters, name, p.all(name, event.ValidID, meantID))
	}
	if t := p.eventType(); t != "any" {
		r.filters = appendFilter(r.filters, "event_type", []string{t})
	}
	r.verdict = appendFilter(r.verdict, "status", p.all("status", isStatus, "one of Valid, Suspicious, Fraudulent"))
	r.verdict = appendFilter(r.verdict, "disposition", p.all("disposition", isDisposition, "one of Routed, Orphan, Closed, Test"))
	if r.after != nil && !p.has("from") {
		now = time.UnixMilli(r.after.ms)
		r.to, r.from = ceilMinute(now.Add(time.Millisecond)), time.Unix(r.after.from, 0).UTC()
		if r.to.Sub(r.from) > longestList+time.Minute {
			p.fail("cursor", "it reaches back more than %s", days(longestList))
		}
		return r, p.err()
	}
	r.from, r.to = p.span(zone, now, defaultList, longestList, "this list")
	return r, p.err()
}

// eventType returns one type's name, or "any"; click when it is not given.
func (p *params) eventType() string {
	v := p.one("type")
	if !p.has("type") {
		return event.EventType_EVENT_TYPE_CLICK.Name()
	}
	if _, known := event.ParseEventType(v); v != "any" && !known || v == "" {
		p.fail("type", "%q is none of click, click_through, impression, page_view, conversion, bounce, any", clip(v))
	}
	return v
}

func isStatus(s string) bool {
	_, known := event.ParseStatus(s)
	return known
}

func isDisposition(s string) bool {
	_, known := event.ParseDisposition(s)
	return known
}

func appendFilter(filters []filter, name string, values []string) []filter {
	if len(values) == 0 {
		return filters
	}
	return append(filters, filter{name, values})
}
