package query

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/problem"
)

var clock = time.Date(2026, 11, 22, 10, 0, 30, 0, time.UTC)

// parse reads a query as the endpoint with that path does.
func parse(path, raw string) (any, error) {
	var taken []string
	for _, e := range endpoints {
		if e.path == path {
			taken = e.parameters
		}
	}
	p, err := parseQuery(raw, taken)
	if err != nil {
		return nil, err
	}
	switch path {
	case "/v1/stats":
		return parseStats(p, clock)
	case "/v1/clicks":
		return parseList(p, clock)
	default:
		return parseRealtime(p)
	}
}

func TestABadParameterIsNamed(t *testing.T) {
	many := strings.Repeat("&campaign_id=a", MaxFilterValues+1)[1:]
	tests := map[string]struct{ path, query, parameter string }{
		"unknown to stats":                   {"/v1/stats", "campain_id=a", "campain_id"},
		"unknown to clicks":                  {"/v1/clicks", "granularity=day", "granularity"},
		"unknown to realtime":                {"/v1/stats/realtime", "from=2026-11-01", "from"},
		"granularity that is none":           {"/v1/stats", "granularity=week", "granularity"},
		"granularity twice":                  {"/v1/stats", "granularity=day&granularity=hour", "granularity"},
		"group by something else":            {"/v1/stats", "group_by=campaign_id,color", "group_by"},
		"group by nothing":                   {"/v1/stats", "group_by=", "group_by"},
		"group by SQL":                       {"/v1/stats", "group_by=campaign_id)%20--", "group_by"},
		"group by a column that is none":     {"/v1/stats", "group_by=spend_valid", "group_by"},
		"from that is no time":               {"/v1/stats", "from=yesterday", "from"},
		"from whose plus became a space":     {"/v1/stats", "from=2026-11-01T00:00:00+01:00", "from"},
		"to before from":                     {"/v1/stats", "from=2026-11-02&to=2026-11-01", "from"},
		"to that is from":                    {"/v1/stats", "from=2026-11-02&to=2026-11-02", "from"},
		"from before ClickTally":             {"/v1/stats", "from=1969-12-31", "from"},
		"to after what can be stored":        {"/v1/stats", "to=2200-01-01", "to"},
		"more than 7 days of minutes":        {"/v1/stats", "granularity=minute&from=2026-11-01&to=2026-11-08T00:01:00Z", "from"},
		"more than 93 days of hours":         {"/v1/stats", "granularity=hour&from=2026-01-01&to=2026-11-01", "from"},
		"more than 731 days":                 {"/v1/stats", "granularity=day&from=2024-01-01&to=2026-11-01", "from"},
		"a zone of no country":               {"/v1/stats", "time_zone=Europe/Atlantis", "time_zone"},
		"the zone of the machine":            {"/v1/stats", "time_zone=Local", "time_zone"},
		"a zone that is a file":              {"/v1/stats", "time_zone=../../etc/passwd", "time_zone"},
		"a zone that is SQL":                 {"/v1/stats", "time_zone=UTC')%20OR%201=1%20--", "time_zone"},
		"a zone that counts leap seconds":    {"/v1/stats", "time_zone=right/Europe/Berlin", "time_zone"},
		"a zone of the files, not of IANA":   {"/v1/stats", "time_zone=posix/Europe/Berlin", "time_zone"},
		"the machine's zone by its file":     {"/v1/stats", "time_zone=localtime", "time_zone"},
		"the zone of nobody":                 {"/v1/stats", "time_zone=Factory", "time_zone"},
		"no zone":                            {"/v1/stats", "time_zone=", "time_zone"},
		"open without a word":                {"/v1/stats", "open=yes", "open"},
		"an id with a quote":                 {"/v1/stats", "campaign_id=a'b", "campaign_id"},
		"an id that is too long":             {"/v1/stats", "ad_id=" + strings.Repeat("x", 65), "ad_id"},
		"the second of two ids":              {"/v1/stats", "ad_id=a&ad_id=b%20c", "ad_id"},
		"too many ids":                       {"/v1/stats", many, "campaign_id"},
		"a country in full":                  {"/v1/stats", "country=Germany", "country"},
		"a country in small letters":         {"/v1/stats", "country=de", "country"},
		"a region with a control character":  {"/v1/stats", "region=%00", "region"},
		"a region that is no text":           {"/v1/stats", "region=%ff", "region"},
		"a device that is none":              {"/v1/stats", "device_type=Phone", "device_type"},
		"type that is none":                  {"/v1/clicks", "type=hit", "type"},
		"no type":                            {"/v1/clicks", "type=", "type"},
		"status that is none":                {"/v1/clicks", "status=Good", "status"},
		"disposition that is none":           {"/v1/clicks", "disposition=Open", "disposition"},
		"limit of nothing":                   {"/v1/clicks", "limit=0", "limit"},
		"limit above the bound":              {"/v1/clicks", "limit=10001", "limit"},
		"limit that is no number":            {"/v1/clicks", "limit=ten", "limit"},
		"more than 31 days of clicks":        {"/v1/clicks", "from=2026-10-01", "from"},
		"a cursor that was made up":          {"/v1/clicks", "cursor=AAAA", "cursor"},
		"a cursor before all time":           {"/v1/clicks", "cursor=" + cursor{}.String(), "cursor"},
		"an address flag that is none":       {"/v1/clicks", "addresses=1", "addresses"},
		"two live filters":                   {"/v1/stats/realtime", "country=DE&ad_id=a", "ad_id,country"},
		"a live filter twice":                {"/v1/stats/realtime", "ad_id=a&ad_id=b", "ad_id"},
		"a live filter without value":        {"/v1/stats/realtime", "ad_id=", "ad_id"},
		"a live id that would be a key":      {"/v1/stats/realtime", "ad_id=a:b", "ad_id"},
		"a window longer than Redis keeps":   {"/v1/stats/realtime", "window_minutes=121", "window_minutes"},
		"a window of nothing":                {"/v1/stats/realtime", "window_minutes=0", "window_minutes"},
		"region, for which nothing is kept":  {"/v1/stats/realtime", "region=BE", "region"},
		"the first of several mistakes only": {"/v1/stats", "open=x&granularity=y", "granularity"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(test.path, test.query)
			p, ok := errors.AsType[*problem.Problem](err)
			if !ok {
				t.Fatalf("%s?%s is accepted, want a problem", test.path, test.query)
			}
			if p.Status != 400 || p.Parameter != test.parameter || p.Detail == "" {
				t.Errorf("got %+v, want a 400 that names %s", *p, test.parameter)
			}
		})
	}
}

func TestStatsRanges(t *testing.T) {
	const layout = time.RFC3339
	tests := map[string]struct{ query, from, to string }{
		"nothing given: 30 days until the end of this minute": {"", "2026-10-23T10:01:00Z", "2026-11-22T10:01:00Z"},
		"minutes: an hour":                          {"granularity=minute", "2026-11-22T09:01:00Z", "2026-11-22T10:01:00Z"},
		"dates in UTC":                              {"from=2026-11-01&to=2026-11-08", "2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"},
		"dates in the zone":                         {"from=2026-11-01&to=2026-11-08&time_zone=Europe/Berlin", "2026-10-31T23:00:00Z", "2026-11-07T23:00:00Z"},
		"a day that clocks change":                  {"from=2026-10-25&to=2026-10-26&time_zone=Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		"times with an offset":                      {"from=2026-11-01T00:00:00%2B01:00&to=2026-11-01T00:00:00Z", "2026-10-31T23:00:00Z", "2026-11-01T00:00:00Z"},
		"parts of a minute widen to the whole":      {"from=2026-11-01T00:00:59.9Z&to=2026-11-01T00:01:00.001Z", "2026-11-01T00:00:00Z", "2026-11-01T00:02:00Z"},
		"seven days of minutes are still all right": {"granularity=minute&from=2026-11-01&to=2026-11-08", "2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			value, err := parse("/v1/stats", test.query)
			if err != nil {
				t.Fatal(err)
			}
			r := value.(statsRequest)
			got := [2]string{r.from.UTC().Format(layout), r.to.UTC().Format(layout)}
			if diff := cmp.Diff([2]string{test.from, test.to}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGroupByKeepsTheOrderOfTheTable(t *testing.T) {
	value, err := parse("/v1/stats", "group_by=country,campaign_id,country")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"campaign_id", "country"}, value.(statsRequest).groupBy); diff != "" {
		t.Error(diff)
	}
}

// FuzzParameters holds what every statement relies on: whatever is asked, a request that is accepted has
// identifiers from the fixed tables, values within bounds, and a range in order.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{
		"granularity=day&group_by=ad_id&from=2026-11-01&to=2026-11-02&time_zone=Europe/Berlin&open=true&region=x",
		"type=any&limit=10&cursor=" + cursor{from: 1780000000, ms: 1780000000000}.String() + "&status=Valid",
		"country=DE&window_minutes=5&series=true", "a=%zz", "from=;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, path := range []string{"/v1/stats", "/v1/clicks", "/v1/stats/realtime"} {
			value, err := parse(path, raw)
			if err != nil {
				if _, ok := errors.AsType[*problem.Problem](err); !ok {
					t.Fatalf("an error that is no problem: %v", err)
				}
				continue
			}
			switch r := value.(type) {
			case statsRequest:
				if !r.from.Before(r.to) || r.to.Sub(r.from) > 731*day {
					t.Errorf("range %v to %v", r.from, r.to)
				}
				for _, name := range r.groupBy {
					if !slices.Contains(dimensionNames(), name) {
						t.Errorf("grouped by %q", name)
					}
				}
				sameText(t, func(values []string) string {
					r := r
					r.filters, r.zone = with(r.filters, values), time.FixedZone(values[0], 0)
					return statsStatement("db", r).text
				})
			case listRequest:
				if !r.from.Before(r.to) && r.after == nil || r.limit < 1 || r.limit > maxLimit {
					t.Errorf("list %+v", r)
				}
				sameText(t, func(values []string) string {
					r := r
					r.filters, r.verdict = with(r.filters, values), with(r.verdict, values)
					return keysStatement("db", r, r.from, r.to, 1).text
				})
			case realtimeRequest:
				if strings.ContainsAny(r.entity.ID, ":* \n") || r.window < 1 || r.window > longestWindow {
					t.Errorf("realtime %+v", r)
				}
			}
		}
	})
}

// sameText fails when the text of a statement depends on the values that it filters by.
func sameText(t *testing.T, text func(values []string) string) {
	t.Helper()
	if a, b := text([]string{"x"}), text([]string{"') OR 1=1 --", "@from"}); a != b {
		t.Errorf("values stand in the statement:\n%s\n%s", a, b)
	}
}

func with(filters []filter, values []string) []filter {
	out := slices.Clone(filters)
	for i := range out {
		out[i].values = values
	}
	return out
}
