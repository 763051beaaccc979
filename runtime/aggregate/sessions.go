package aggregate

import (
	"context"
	"fmt"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// clockMargin is how much the clocks of two workers may differ before a touched day is overlooked.
const clockMargin = time.Minute

// startSessions computes sessions of the days that a load touched. Sessions span partitions, so one
// worker does it: the owner of the first partition of the first generation.
func (w *worker) startSessions(ctx context.Context, now time.Time) {
	l := &w.lanes.sessions
	var first *partition
	if len(w.rules.generations) > 0 {
		first = w.partitions[event.NewSrcPart(w.rules.generations[0].GetNumber(), 0)]
	}
	if !l.free(now) || now.Before(w.nextDays) || first == nil || !first.known {
		return
	}
	w.nextDays = now.Add(w.cfg.SessionsEvery)
	w.run(ctx, l, func(ctx context.Context) (func(), error) { return nil, w.computeSessions(ctx, now) })
}

func (w *worker) computeSessions(ctx context.Context, now time.Time) error {
	ch, db := w.cfg.ClickHouse, w.cfg.Database
	rows, err := ch.Query(ctx, store.SelectSessionDays(db, time.Unix(w.rawFloor(now), 0), clockMargin))
	if err != nil {
		return fmt.Errorf("list the days whose sessions changed: %w", err)
	}
	defer rows.Close()
	var days []time.Time
	for rows.Next() {
		var day time.Time
		if err := rows.Scan(&day); err != nil {
			return fmt.Errorf("list the days whose sessions changed: %w", err)
		}
		days = append(days, day)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list the days whose sessions changed: %w", err)
	}
	for _, day := range days {
		err := w.effect("sessions", func() error { return ch.Exec(ctx, store.InsertSessions(db, day, now, w.cfg.SessionGap)) })
		if err != nil {
			return fmt.Errorf("compute the sessions of %s: %w", day.Format(time.DateOnly), err)
		}
	}
	return nil
}
