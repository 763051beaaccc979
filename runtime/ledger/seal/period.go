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

func layout(layout string) unit {
	return unit{
		example: layout,
		parse: func(text string, zone *time.Location) (time.Time, error) {
			return time.ParseInLocation(layout, text, zone)
		},
		format: func(from time.Time) string { return from.Format(layout) },
	}
}

// units are tried in order: a name says by its form which it is.
var units = func() []unit {
	month, day, hour := layout("2006-01"), layout("2006-01-02"), layout("2006-01-02T15-0700")
	month.next = func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }
	day.next = func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	// An hour states its offset: where clocks go back, one comes twice.
	hour.next = func(t time.Time) time.Time { return t.Add(time.Hour) }
	week := unit{
		example: "2006-W01", parse: parseWeek,
		format: func(from time.Time) string { year, n := from.ISOWeek(); return fmt.Sprintf("%04d-W%02d", year, n) },
		next:   func(t time.Time) time.Time { return t.AddDate(0, 0, 7) },
	}
	return []unit{month, day, hour, week}
}()

// parseWeek reads an ISO 8601 week, which begins on Monday.
func parseWeek(text string, zone *time.Location) (time.Time, error) {
	var year, n int
	if _, err := fmt.Sscanf(text, "%4d-W%2d", &year, &n); err != nil || len(text) != len("2006-W01") {
		return time.Time{}, fmt.Errorf("%q is not a week like 2026-W47", text)
	}
	// January 4th is in the first week.
	first := time.Date(year, 1, 4, 0, 0, 0, 0, zone)
	monday := first.AddDate(0, 0, -(int(first.Weekday())+6)%7+7*(n-1))
	if y, w := monday.ISOWeek(); y != year || w != n {
		return time.Time{}, fmt.Errorf("%d has no week %d", year, n)
	}
	return monday, nil
}

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
