package query

import (
	"context"
	"fmt"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

var sessionsParameters = []string{"campaign_id", "from", "to", "time_zone"}

const (
	longestSessions = 93 * day
	defaultSessions = 7 * day
)

// sessionsAnswer lists sessions by campaign and hour of their first event. Days of UTC are computed
// whole and again when something late arrives; sessions are never billed.
type sessionsAnswer struct {
	From      string        `json:"from"`
	To        string        `json:"to"`
	Rows      []sessionsRow `json:"rows"`
	Truncated bool          `json:"truncated,omitempty"`
}

type sessionsRow struct {
	Hour       string `json:"hour"`
	CampaignID string `json:"campaign_id"`
	Sessions   uint64 `json:"sessions"`
	Events     uint64 `json:"events"`
	Clicks     uint64 `json:"clicks"`
	// DurationMS is the sum over sessions of last minus first event.
	DurationMS uint64 `json:"duration_ms"`
	// Bounced counts sessions of a single event.
	Bounced uint64 `json:"bounced"`
}

// sessions answers GET /v1/sessions.
func (s *Server) sessions(ctx context.Context, req *request) (any, error) {
	zone := req.zone()
	from, to := req.span(zone, s.config.Now(), defaultSessions, longestSessions, "sessions")
	st := statement{}
	st.bind("from", from.Unix())
	st.bind("to", to.Unix())
	where := st.filters(appendFilter(nil, "campaign_id", req.all("campaign_id", event.ValidID, meantID)))
	if err := req.err(); err != nil {
		return nil, err
	}
	st.text = fmt.Sprintf(`SELECT hour, campaign_id, sessions, events, clicks, duration_ms, bounced
FROM %s.sessions FINAL
WHERE hour >= toDateTime(@from) AND hour < toDateTime(@to) AND sessions > 0%s
ORDER BY hour, campaign_id
LIMIT %d
SETTINGS max_execution_time = %d`, s.config.Database, where, MaxRows+1, int(HistoryTimeout/time.Second))
	answer := &sessionsAnswer{From: stamp(from, zone), To: stamp(to, zone), Rows: []sessionsRow{}}
	return answer, s.sessionsRows(ctx, st, zone, answer)
}

func (s *Server) sessionsRows(ctx context.Context, st statement, zone *time.Location, answer *sessionsAnswer) error {
	rows, err := s.config.ClickHouse.Query(ctx, st.text, st.args...)
	if err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if len(answer.Rows) == MaxRows {
			answer.Truncated = true
			break
		}
		var row sessionsRow
		var hour time.Time
		if err := rows.Scan(&hour, &row.CampaignID, &row.Sessions, &row.Events, &row.Clicks, &row.DurationMS, &row.Bounced); err != nil {
			return fmt.Errorf("read sessions: %w", err)
		}
		row.Hour = stamp(hour, zone)
		answer.Rows = append(answer.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	return nil
}
