package seal

import (
	"fmt"
	"time"
)

// Kind is a calendar unit that a schedule bills by.
type Kind string

// Kinds of a BillingSchedule's spec.period.
const (
	Day   Kind = "Day"
	Week  Kind = "Week"
	Month Kind = "Month"
)

// ParseKind reads a spec.period.
func ParseKind(text string) (Kind, error) {
	k := Kind(text)
	if _, err := k.unit(); err != nil {
		return "", err
	}
	return k, nil
}

func (k Kind) unit() (unit, error) {
	switch k {
	case Day:
		return day, nil
	case Week:
		return week, nil
	case Month:
		return month, nil
	}
	return unit{}, fmt.Errorf("period %q: write Day, Week or Month", string(k))
}

// Around is the period of this kind that a time lies in.
func (k Kind) Around(t time.Time, zone *time.Location) (Period, error) {
	u, err := k.unit()
	if err != nil {
		return Period{}, err
	}
	date := dateOf(t.In(zone))
	switch k {
	case Week:
		date = mondayOf(date)
	case Month:
		date = date.AddDate(0, 0, 1-date.Day())
	}
	from := midnight(date, zone)
	return Period{From: from, To: u.next(from), Zone: zone}, nil
}

// between are the periods of a kind from the one that first lies in, as long as they end at last or before.
func (k Kind) between(first, last time.Time, zone *time.Location) ([]Period, error) {
	p, err := k.Around(first, zone)
	if err != nil {
		return nil, err
	}
	var list []Period
	for ; !p.To.After(last); p, err = k.Around(p.To, zone) {
		list = append(list, p)
	}
	return list, err
}
