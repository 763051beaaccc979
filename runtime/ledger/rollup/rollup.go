// Package rollup keeps the quarter-hours and days of design 6.5: absolute sums of minute rows at their marks, written
// again whenever a minute of them changed. What is behind is found by comparing versions in ClickHouse, so nothing
// is remembered, a pass may die at any step, and any number of processes may run it at once.
package rollup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// Bounds of a pass.
const (
	quartersPerStatement = 64
	daysPerStatement     = 8
	// settled is how long ago a quarter-hour ended before it is rolled up: until then its minutes change every few
	// seconds, and readers have the minutes.
	settled = time.Minute
	// clockMargin is how much the clock that wrote a mark may be behind this one before the mark is overlooked until
	// the next complete comparison.
	clockMargin = 15 * time.Minute
	// completeEvery is how often everything is compared, and not only what has new marks.
	completeEvery = time.Hour
	// quarterMargin keeps passes away from what ClickHouse is about to expire.
	quarterMargin = 2 * store.QuarterLength
	dayMargin     = 48 * time.Hour
)

// Config says what a Roller reads and writes. ClickHouse and Database are required.
type Config struct {
	ClickHouse driver.Conn
	Database   string
	Retention  store.Retention
	// Zones are those whose days are kept; default UTC.
	Zones []*time.Location
	// Every is the pause between passes; default 1 min.
	Every time.Duration
	Log   *slog.Logger
	Now   func() time.Time // default time.Now
	// Fault is called before each effect with its name; an error stands for a process that dies there. Tests only.
	Fault func(effect string) error
}

// Roller brings roll-ups up to date.
type Roller struct {
	cfg          Config
	since        time.Time // marks written before it were compared
	nextComplete time.Time
}

// New checks cfg. It opens nothing.
func New(cfg Config) (*Roller, error) {
	if cfg.ClickHouse == nil || cfg.Database == "" {
		return nil, errors.New("rollup: ClickHouse and a database are required")
	}
	cfg.Retention = cfg.Retention.WithDefaults()
	cfg.Every = cmp.Or(cfg.Every, time.Minute)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	if slices.Contains(cfg.Zones, time.Local) {
		return nil, errors.New("rollup: a zone must have its IANA name: ClickHouse does not know this machine's")
	}
	if len(cfg.Zones) == 0 {
		cfg.Zones = []*time.Location{time.UTC}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Fault == nil {
		cfg.Fault = func(string) error { return nil }
	}
	return &Roller{cfg: cfg}, nil
}

// Run makes a pass every Config.Every until ctx ends. A pass that fails is logged when the trouble begins and when it
// ends; the next one finds the same work.
func (r *Roller) Run(ctx context.Context) error {
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	failing := false
	for {
		_, err := r.Pass(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failing:
			r.cfg.Log.Warn("roll-ups are behind", "error", err)
		case err == nil && failing:
			r.cfg.Log.Info("roll-ups are up to date again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Done is how much a pass wrote.
type Done struct{ Quarters, Days int }

// Pass brings every quarter-hour and day that is over up to date with the marks as they stand when it begins.
func (r *Roller) Pass(ctx context.Context) (Done, error) {
	now := r.cfg.Now()
	since := r.since
	if !now.Before(r.nextComplete) {
		since = time.Time{}
	}
	var done Done
	var err error
	if done.Quarters, err = r.quarters(ctx, now, since); err != nil {
		return done, err
	}
	for _, zone := range r.cfg.Zones {
		n, err := r.days(ctx, zone, now)
		if done.Days += n; err != nil {
			return done, err
		}
	}
	r.since = now.Add(-clockMargin - settled - store.QuarterLength)
	if since.IsZero() {
		r.nextComplete = now.Add(completeEvery)
	}
	return done, nil
}

func (r *Roller) quarters(ctx context.Context, now, since time.Time) (written int, err error) {
	floor := now.AddDate(0, 0, -r.cfg.Retention.RawDays).Add(-quarterMargin).Truncate(store.QuarterLength)
	ceiling := now.Add(-settled).Truncate(store.QuarterLength)
	ch, db := r.cfg.ClickHouse, r.cfg.Database
	for last := []store.Quarter(nil); ; {
		var dirty []store.Quarter
		query := store.SelectDirtyQuarters(db, floor, ceiling, since, quartersPerStatement)
		err := store.Each(ctx, ch, query, func(scan func(...any) error) error {
			var q store.Quarter
			var part uint32
			err := scan(&part, &q.Start)
			q.SrcPart = event.SrcPart(part)
			dirty = append(dirty, q)
			return err
		})
		if err != nil {
			return written, fmt.Errorf("list the quarter-hours that are behind: %w", err)
		}
		if len(dirty) == 0 {
			return written, nil
		}
		if slices.Equal(dirty, last) {
			return written, fmt.Errorf("%d quarter-hours from %s on stay behind their marks: minute rows are missing", len(dirty), dirty[0].Start)
		}
		last = dirty
		if err := r.write(ctx, "visitors", store.InsertVisitors(db, dirty)); err != nil {
			return written, err
		}
		if err := r.write(ctx, "quarters", store.InsertQuarters(db, dirty)); err != nil {
			return written, err
		}
		written += len(dirty)
	}
}

func (r *Roller) days(ctx context.Context, zone *time.Location, now time.Time) (written int, err error) {
	floor := now.AddDate(0, 0, -r.cfg.Retention.AggregateDays).Add(dayMargin)
	ch, db := r.cfg.ClickHouse, r.cfg.Database
	for last := []time.Time(nil); ; {
		var dirty []time.Time
		err := store.Each(ctx, ch, store.SelectDirtyDays(db, zone, floor, now, daysPerStatement), func(scan func(...any) error) error {
			var day time.Time
			err := scan(&day)
			dirty = append(dirty, day)
			return err
		})
		if err != nil {
			return written, fmt.Errorf("list the days that are behind: %w", err)
		}
		if len(dirty) == 0 {
			return written, nil
		}
		if slices.Equal(dirty, last) {
			return written, fmt.Errorf("%d days from %s on stay behind their quarter-hours", len(dirty), dirty[0].Format(time.DateOnly))
		}
		last = dirty
		if err := r.write(ctx, "days", store.InsertDays(db, zone, dirty)); err != nil {
			return written, err
		}
		written += len(dirty)
	}
}

func (r *Roller) write(ctx context.Context, effect, statement string) error {
	if err := r.cfg.Fault(effect); err != nil {
		return err
	}
	if err := r.cfg.ClickHouse.Exec(ctx, statement); err != nil {
		return fmt.Errorf("write %s: %w", effect, err)
	}
	return nil
}
