package seal

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/store"
)

// Schedule says which periods are sealed without being named.
type Schedule struct {
	Kind  Kind
	Zone  *time.Location
	Grace time.Duration
	// Billable are the statuses that are billed of periods without a revision; default Valid and Suspicious.
	Billable []string
}

// Item is a period that is to be sealed, and on what terms.
type Item struct {
	Period Period
	// Billable is the schedule's, or the last revision's: what is billed of a period does not change once it is sealed.
	Billable []string
	// Late counts the clicks that were logged after the last revision; 0 for a period without one.
	Late uint64
}

// Agenda is what a schedule comes to at a time.
type Agenda struct {
	// Items are due, oldest first.
	Items []Item
	// Expired are periods that are over, have no revision, and of whose raw some is gone or going: a bill of what is
	// left would be too low.
	Expired []Period
}

// Due returns what a schedule has to seal now: each period that is over with its grace, from the one of the first raw
// event on, that has no revision, or of which clicks came after its last one. The first is a period of its own: what
// was before nobody counted.
func (s *Sealer) Due(ctx context.Context, schedule Schedule) (*Agenda, error) {
	c := s.cfg.Catalog()
	if c == nil {
		return nil, ledger.ErrNoCatalog
	}
	now := s.cfg.Now()
	first, err := store.FirstEvent(ctx, s.cfg.ClickHouse, s.cfg.Database, time.Time{})
	if err != nil || first.IsZero() {
		return &Agenda{}, err
	}
	periods, err := schedule.Kind.between(first, now.Add(-schedule.Grace), schedule.Zone)
	if err != nil {
		return nil, err
	}
	last, err := s.lastRevisions(ctx)
	if err != nil {
		return nil, err
	}
	raw := store.Retention{RawDays: int(c.Pipeline().GetRawDays())}.WithDefaults().RawDays
	kept := now.AddDate(0, 0, -raw)
	agenda := &Agenda{}
	for _, p := range periods {
		if err := s.judge(ctx, agenda, schedule, p, last[p.String()], p.From.Before(kept)); err != nil {
			return nil, err
		}
	}
	return agenda, nil
}

// judge adds a period to the agenda if anything is to be done about it.
func (s *Sealer) judge(ctx context.Context, a *Agenda, schedule Schedule, p Period, last *store.Sealed, expired bool) error {
	switch {
	case last == nil && expired:
		a.Expired = append(a.Expired, p)
	case last == nil:
		a.Items = append(a.Items, Item{Period: p, Billable: schedule.Billable})
	case !expired: // a bill of which raw is gone stays as it is
		late, err := store.LateClicks(ctx, s.cfg.ClickHouse, s.cfg.Database, p.From, p.To, last.Cuts)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if late > 0 {
			a.Items = append(a.Items, Item{Period: p, Billable: last.Billable, Late: late})
		}
	}
	return nil
}

func (s *Sealer) lastRevisions(ctx context.Context) (map[string]*store.Sealed, error) {
	all, err := store.ReadAllSealed(ctx, s.cfg.ClickHouse, s.cfg.Database)
	if err != nil {
		return nil, err
	}
	last := map[string]*store.Sealed{}
	for i := range all {
		if was := last[all[i].Period]; was == nil || was.Revision < all[i].Revision {
			last[all[i].Period] = &all[i]
		}
	}
	return last, nil
}

// Sealed tells how far the schedule has come: how many of its periods have a revision, and the revision that was made
// last, nil where there is none.
func (s *Sealer) Sealed(ctx context.Context, schedule Schedule) (periods int, newest *store.Sealed, err error) {
	last, err := s.lastRevisions(ctx)
	if err != nil {
		return 0, nil, err
	}
	for name, row := range last {
		if !schedule.owns(name) {
			continue
		}
		periods++
		if newest == nil || cmp.Or(row.At.Compare(newest.At), cmp.Compare(row.Revision, newest.Revision), row.To.Compare(newest.To)) > 0 {
			newest = row
		}
	}
	return periods, newest, nil
}

// owns reports whether a name is that of a period of the schedule.
func (s *Schedule) owns(name string) bool {
	_, zone, _ := strings.Cut(name, "@")
	p, err := ParsePeriod(name)
	if err != nil || zone != s.Zone.String() {
		return false
	}
	of, err := s.Kind.Around(p.From, p.Zone)
	return err == nil && of.From.Equal(p.From) && of.To.Equal(p.To)
}
