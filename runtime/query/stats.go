package query

import (
	"context"
	"fmt"
	"time"
)

// statsAnswer is what /v1/stats says. Every minute before CompleteUntil is final unless later events of
// that time arrive; nil says that some partition has reported nothing, so no minute is complete.
type statsAnswer struct {
	From          string     `json:"from"`
	To            string     `json:"to"`
	TimeZone      string     `json:"time_zone"`
	Granularity   string     `json:"granularity"`
	Rows          []statsRow `json:"rows"`
	Truncated     bool       `json:"truncated,omitempty"`
	CompleteUntil *string    `json:"complete_until"`
	// Recomputing counts older minutes that wait to be computed again because something late arrived.
	Recomputing uint64 `json:"recomputing,omitempty"`
}

// stats answers GET /v1/stats: counts from minute rows at their marks, up to complete_until unless open.
func (s *Server) stats(ctx context.Context, req *request) (any, error) {
	r, err := parseStats(req.params, s.config.Now())
	if err != nil {
		return nil, err
	}
	r = s.withOldest(r)
	complete, err := s.completeness(ctx)
	if err != nil {
		return nil, err
	}
	answer := &statsAnswer{
		From: stamp(r.from, r.zone), To: stamp(r.to, r.zone),
		TimeZone: r.zone.String(), Granularity: r.granularity, Rows: []statsRow{},
	}
	answer.Recomputing = complete.dirty
	if !complete.until.IsZero() {
		answer.CompleteUntil = new(stamp(complete.until, time.UTC))
	}
	if !r.open && complete.until.Before(r.to) {
		r.to = complete.until
	}
	if !r.from.Before(r.to) {
		return answer, nil
	}
	return answer, s.statsRows(ctx, r, answer)
}

func (s *Server) statsRows(ctx context.Context, r statsRequest, answer *statsAnswer) error {
	st := statsStatement(s.config.Database, r)
	rows, err := s.config.ClickHouse.Query(ctx, st.text, st.args...)
	if err != nil {
		return fmt.Errorf("read stats: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if len(answer.Rows) == MaxRows {
			answer.Truncated = true
			break
		}
		row, err := scanStats(rows, r)
		if err != nil {
			return err
		}
		answer.Rows = append(answer.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read stats: %w", err)
	}
	return nil
}

// stamp writes a time as readers see it.
func stamp(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.RFC3339) }
