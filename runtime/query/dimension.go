package query

import "github.com/clicktally/clicktally/runtime/event"

// dimension is one thing that rows can be grouped and filtered by. Its name is the parameter, the JSON
// field and the column in both `minutes` and `click_lookup`; statements take names only from here.
// ~other, under which a minute folds what is beyond its bound, is a value like any other.
type dimension struct {
	name  string
	valid func(string) bool
	meant string // what a valid value is, for the message
}

const meantID = "an id (1 to 64 of A-Z a-z 0-9 . _ ~ -)"

var dimensions = []dimension{
	{"campaign_id", event.ValidID, meantID},
	{"ad_id", event.ValidID, meantID},
	{"advertiser_id", event.ValidID, meantID},
	{"publisher_id", event.ValidID, meantID},
	{"ts_id", event.ValidID, meantID},
	{"country", validCountry, "a country code like DE"},
	{"region", validText, "a region (at most 64 bytes, no control characters)"},
	{"device_type", validDevice, "one of Desktop, Mobile, Tablet, Bot, Other"},
}

func dimensionNames() []string {
	names := make([]string, len(dimensions))
	for i, d := range dimensions {
		names[i] = d.name
	}
	return names
}

// filter keeps rows whose dimension has one of the values.
type filter struct {
	dimension string
	values    []string
}

// filters reads every dimension's filter.
func (p *params) filters() []filter {
	var out []filter
	for _, d := range dimensions {
		if values := p.all(d.name, d.valid, d.meant); len(values) > 0 {
			out = append(out, filter{d.name, values})
		}
	}
	return out
}
