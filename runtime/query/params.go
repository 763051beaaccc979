package query

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
)

// params reads query parameters and keeps the first mistake, so that an endpoint reads all it takes
// in a straight line and asks once. After a mistake the values are zero and mean nothing.
type params struct {
	values  url.Values
	mistake *problem.Problem
}

// err returns the first mistake, or nil.
func (p *params) err() error {
	if p.mistake == nil {
		return nil
	}
	return p.mistake
}

func (p *params) fail(name, format string, args ...any) {
	if p.mistake == nil {
		p.mistake = problem.BadParameter(name, fmt.Sprintf(format, args...))
	}
}

func (p *params) has(name string) bool { return len(p.values[name]) > 0 }

// one returns the single value of a parameter, or "" when it is not given.
func (p *params) one(name string) string {
	values := p.values[name]
	if len(values) > 1 {
		p.fail(name, "given %d times, once is meant", len(values))
	}
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// choice returns one of the allowed values, or the default when the parameter is not given.
func (p *params) choice(name, byDefault string, allowed ...string) string {
	v := p.one(name)
	switch {
	case !p.has(name):
		return byDefault
	case !slices.Contains(allowed, v):
		p.fail(name, "%q is none of %s", clip(v), strings.Join(allowed, ", "))
	}
	return v
}

// flag returns true for "true" and false for "false" or nothing.
func (p *params) flag(name string) bool { return p.choice(name, "false", "true", "false") == "true" }

// number returns a whole number within bounds, or the default when the parameter is not given.
func (p *params) number(name string, byDefault, low, high int) int {
	v := p.one(name)
	if !p.has(name) {
		return byDefault
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		p.fail(name, "%q must be a whole number from %d to %d", clip(v), low, high)
		return byDefault
	}
	return n
}

// all returns every value of a repeatable filter that valid accepts. An empty value selects rows that
// have none, such as orphans under campaign_id.
func (p *params) all(name string, valid func(string) bool, meant string) []string {
	values := p.values[name]
	if len(values) > MaxFilterValues {
		p.fail(name, "given %d times, at most %d", len(values), MaxFilterValues)
		return nil
	}
	for _, v := range values {
		if v != "" && !valid(v) {
			p.fail(name, "%q is not %s", clip(v), meant)
			return nil
		}
	}
	return values
}

// zone returns the IANA time zone of time_zone, UTC when it is not given.
func (p *params) zone() *time.Location {
	v := p.one("time_zone")
	if !p.has("time_zone") {
		return time.UTC
	}
	zone, err := time.LoadLocation(v)
	if err != nil || v == "" || ofMachine(v) {
		p.fail("time_zone", "%q is no IANA time zone; write one like Europe/Berlin or UTC", clip(v))
		return time.UTC
	}
	return zone
}

// ofMachine tells the names that the files of a machine add to IANA's: what they mean differs from
// machine to machine, and ClickHouse does not know them all.
func ofMachine(zone string) bool {
	directory, _, _ := strings.Cut(zone, "/")
	return slices.Contains([]string{"Local", "localtime", "Factory", "posixrules", "posix", "right"}, directory)
}

// Moments outside these years cannot be stored, so nothing can have happened there.
const firstYear, lastYear = 2000, 2105

// moment returns a point in time: RFC 3339, or a date that begins at midnight of the zone.
func (p *params) moment(name string, zone *time.Location, byDefault time.Time) time.Time {
	v := p.one(name)
	if !p.has(name) {
		return byDefault
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		t, err = time.ParseInLocation(time.DateOnly, v, zone)
	}
	if err != nil {
		p.fail(name, "%q is neither a date like 2026-11-01 nor a time like 2026-11-01T00:00:00Z (a + in a query is written %%2B)", clip(v))
		return byDefault
	}
	if y := t.UTC().Year(); y < firstYear || y > lastYear {
		p.fail(name, "%q is outside the years %d to %d", clip(v), firstYear, lastYear)
		return byDefault
	}
	return t
}

func validText(s string) bool {
	return len(s) <= event.MaxIDLen && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func validCountry(s string) bool {
	return s == "~other" || len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func validDevice(s string) bool {
	_, known := event.ParseDeviceType(s)
	return s == "~other" || known
}

// clip shortens a value before it is said back.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
