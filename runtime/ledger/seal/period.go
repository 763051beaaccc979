package seal

import (
	"fmt"
	"strings"
	"time"
)

// Period is what one bill covers: event time from From up to To, which is not included, and the zone that
// its days are of. Its name is that of a calendar hour, day, week or month of the zone.
type Period struct {
	From, To time.Time
	Zone     *time.Location
}

// unit is a calendar unit that a period may be.
type unit struct {
	example string
	parse   func(text string, zone *time.Location) (time.Time, error)
	format  func(from time.Time) string
	next    func(from time.Time) time.Time
}

// calendar is a unit of whole days whose names have a layout.
func calendar(layout string, months, days int) unit {
	return unit{
		example: layout,
		parse: func(text string, zone *time.Location) (time.Time, error) {
			t, err := time.Parse(layout, text)
			return midnight(t, zone), err
		},
		format: func(from time.Time) string { return from.Format(layout) },
		next: func(from time.Time) time.Time {
			return midnight(dateOf(from).AddDate(0, months, days), from.Location())
		},
	}
}

// dateOf is the date of a time where it was read, in UTC: a calendar without clocks that are changed.
func dateOf(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// midnight is the first instant of a date in a zone. Where clocks go forward at midnight that is 01:00.
func midnight(date time.Time, zone *time.Location) time.Time {
	year, month, day := date.Date()
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if t.Day() != day { // there is no such time, and this is as long before the change as it should be behind
		_, t = t.ZoneBounds()
	}
	return t
}

// units are tried in order: a name says by its form which it is.
var units = []unit{month, day, hour, week}

var (
	month = calendar("2006-01", 1, 0)
	day   = calendar("2006-01-02", 0, 1)
	// An hour states its offset: where clocks go back, one comes twice.
	hour = unit{
		example: hourLayout,
		parse: func(text string, zone *time.Location) (time.Time, error) {
			return time.ParseInLocation(hourLayout, text, zone)
		},
		format: func(from time.Time) string { return from.Format(hourLayout) },
		next:   func(from time.Time) time.Time { return from.Add(time.Hour) },
	}
	week = unit{
		example: "2006-W01", parse: parseWeek,
		format: func(from time.Time) string { year, n := from.ISOWeek(); return fmt.Sprintf("%04d-W%02d", year, n) },
		next:   calendar("", 0, 7).next,
	}
)

const hourLayout = "2006-01-02T15-0700"

// parseWeek reads an ISO 8601 week, which begins on Monday.
func parseWeek(text string, zone *time.Location) (time.Time, error) {
	var year, n int
	if _, err := fmt.Sscanf(text, "%4d-W%2d", &year, &n); err != nil || len(text) != len("2006-W01") {
		return time.Time{}, fmt.Errorf("%q is not a week like 2026-W47", text)
	}
	// January 4th is in the first week.
	monday := mondayOf(time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)).AddDate(0, 0, 7*(n-1))
	if y, w := monday.ISOWeek(); y != year || w != n {
		return time.Time{}, fmt.Errorf("%d has no week %d", year, n)
	}
	return midnight(monday, zone), nil
}

// mondayOf is the Monday of a date's week.
func mondayOf(date time.Time) time.Time { return date.AddDate(0, 0, -(int(date.Weekday())+6)%7) }

// ParsePeriod reads a name like 2026-11@Europe/Berlin; without a zone it is UTC.
func ParsePeriod(name string) (Period, error) {
	text, zoneName, stated := strings.Cut(name, "@")
	zone := time.UTC
	if stated {
		var err error
		if zone, err = LoadZone(zoneName); err != nil {
			return Period{}, err
		}
	}
	for _, u := range units {
		from, err := u.parse(text, zone)
		if err != nil {
			continue
		}
		if p := (Period{From: from, To: u.next(from), Zone: zone}); u.format(from) == text {
			return p, nil
		}
	}
	return Period{}, fmt.Errorf("%q is not a period: write a month (2026-11), a day (2026-11-22), a week (2026-W47) or an hour (2026-11-22T09+0000), and @ with the zone when it is not UTC", name)
}

// NewPeriod makes the period of two bounds, which must be those of a calendar unit of the zone.
func NewPeriod(from, to time.Time, zone *time.Location) (Period, error) {
	p := Period{From: from.In(zone), To: to.In(zone), Zone: zone}
	if _, err := p.name(); err != nil {
		return Period{}, err
	}
	return p, nil
}

// LoadZone reads an IANA name; the machine's own zone has none that others know.
func LoadZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("zone %q: write an IANA name like Europe/Berlin", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone %q: %w", name, err)
	}
	return zone, nil
}

// String is the period's name; the bounds where it has none.
func (p Period) String() string {
	name, err := p.name()
	if err != nil {
		return p.From.UTC().Format(time.RFC3339) + "/" + p.To.UTC().Format(time.RFC3339)
	}
	return name
}

func (p Period) name() (string, error) {
	for _, u := range units {
		text := u.format(p.From)
		if from, err := u.parse(text, p.Zone); err == nil && from.Equal(p.From) && u.next(p.From).Equal(p.To) {
			return text + "@" + p.Zone.String(), nil
		}
	}
	return "", fmt.Errorf("%s to %s is neither an hour, a day, a week from Monday nor a month of %s: a bill covers one of these",
		p.From.Format(time.RFC3339), p.To.Format(time.RFC3339), p.Zone)
}
