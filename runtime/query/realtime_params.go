package query

import (
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
	"github.com/clicktally/clicktally/runtime/store"
)

// liveFilter is a dimension that live counters are kept for, one at a time.
type liveFilter struct {
	name  string
	kind  string // in store's terms
	valid func(string) bool
	meant string
}

var liveFilters = []liveFilter{
	{"ad_id", store.EntityAd, event.ValidID, meantID},
	{"campaign_id", store.EntityCampaign, validCampaign, meantID + ", or empty for orphans"},
	{"advertiser_id", store.EntityAdvertiser, event.ValidID, meantID},
	{"publisher_id", store.EntityPublisher, event.ValidID, meantID},
	{"ts_id", store.EntitySource, event.ValidID, meantID},
	{"country", store.EntityCountry, isCountry, "a country code like DE"},
}

var realtimeParameters = []string{
	"ad_id", "campaign_id", "advertiser_id", "publisher_id", "ts_id", "country", "window_minutes", "series",
}

// Bounds of /v1/stats/realtime, in minutes.
const (
	defaultWindow = 60
	longestWindow = 120
	// slidingMinutes is the length of the sliding window, which moves by one minute.
	slidingMinutes = 5
)

// realtimeRequest is a read of live figures, checked.
type realtimeRequest struct {
	filter string // name of the filter, "" for all traffic
	entity store.Entity
	window int // minutes, the one that is running included
	series bool
}

func parseRealtime(p *params) (realtimeRequest, error) {
	r := realtimeRequest{entity: store.Entity{Kind: store.EntityAll}}
	var given []string
	for _, f := range liveFilters {
		if !p.has(f.name) {
			continue
		}
		given = append(given, f.name)
		value := p.one(f.name)
		if !f.valid(value) {
			p.fail(f.name, "%q is not %s", clip(value), f.meant)
		}
		r.filter, r.entity = f.name, store.Entity{Kind: f.kind, ID: value}
	}
	r.window = p.number("window_minutes", defaultWindow, 1, longestWindow)
	r.series = p.flag("series")
	if len(given) > 1 {
		return r, problem.BadParameter(strings.Join(given, ","),
			"live figures are kept for one of these at a time; for combinations ask /v1/stats with open=true")
	}
	return r, p.err()
}

func validCampaign(s string) bool { return s == "" || event.ValidID(s) }

func isCountry(s string) bool { return s != "" && validCountry(s) }
