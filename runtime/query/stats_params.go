package query

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

var statsParameters = append([]string{"granularity", "group_by", "from", "to", "time_zone", "open"}, dimensionNames()...)

// granularity is a size of time bucket, the longest range it answers, and the range when none is asked.
type granularity struct {
	name      string
	longest   time.Duration
	byDefault time.Duration
}

const day = 24 * time.Hour

// The longest ranges keep one read within what ClickHouse answers in a second and MaxRows can hold.
var granularities = []granularity{
	{"minute", 7 * day, time.Hour},
	{"hour", 93 * day, day},
	{"day", 731 * day, 30 * day},
	{"total", 731 * day, 30 * day},
}

// statsRequest is a read of history, checked.
type statsRequest struct {
	granularity string
	groupBy     []string // dimension names, each once, in the order of the table
	filters     []filter
	from, to    time.Time // whole minutes, to is not included
	oldest      time.Time // minutes before it are read as quarter-hours; zero: none are
	zone        *time.Location
	open        bool
}

// parseStats reads a statsRequest. A range that begins or ends inside a minute is widened to whole
// minutes, which is what rows are; the answer states the range it counted.
func parseStats(p *params, now time.Time) (statsRequest, error) {
	zone := p.zone()
	g := granularityOf(p.choice("granularity", "total", "minute", "hour", "day", "total"))
	r := statsRequest{
		granularity: g.name,
		groupBy:     p.groupBy(),
		filters:     p.filters(),
		zone:        zone,
		open:        p.flag("open"),
	}
	r.from, r.to = p.span(zone, now, g.byDefault, g.longest, "granularity "+g.name)
	return r, p.err()
}

func granularityOf(name string) granularity {
	i := max(0, slices.IndexFunc(granularities, func(g granularity) bool { return g.name == name }))
	return granularities[i]
}

// span reads from and to as whole minutes: to is now when it is not given, from is byDefault before it.
func (p *params) span(zone *time.Location, now time.Time, byDefault, longest time.Duration, what string) (from, to time.Time) {
	to = ceilMinute(p.moment("to", zone, now))
	from = p.moment("from", zone, to.Add(-byDefault)).Truncate(time.Minute)
	if !from.Before(to) {
		p.fail("from", "%s is not before to, %s (to is not included)", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	if to.Sub(from) > longest {
		p.fail("from", "%s is more than %s before to: that is the longest range of %s", from.Format(time.RFC3339), days(longest), what)
	}
	return from, to
}

func ceilMinute(t time.Time) time.Time {
	whole := t.Truncate(time.Minute)
	if whole.Before(t) {
		return whole.Add(time.Minute)
	}
	return whole
}

func days(d time.Duration) string {
	if d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// groupBy reads a comma-separated list of dimensions.
func (p *params) groupBy() []string {
	list := p.one("group_by")
	if !p.has("group_by") {
		return nil
	}
	asked := map[string]bool{}
	known := dimensionNames()
	for name := range strings.SplitSeq(list, ",") {
		if !slices.Contains(known, name) {
			p.fail("group_by", "%q is none of %s", clip(name), strings.Join(known, ", "))
			return nil
		}
		asked[name] = true
	}
	return slices.DeleteFunc(known, func(name string) bool { return !asked[name] })
}
