package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// listAnswer is a page of raw events, newest first, each identity once.
type listAnswer struct {
	Events     []*eventRow `json:"events"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

// eventKey is where the counted copy of an event stands, and what the list needs to order and page it.
type eventKey struct {
	part       uint32
	minute     time.Time
	offset     uint64
	at         time.Time
	identity   string
	duplicates uint64
}

// clicks answers GET /v1/clicks.
func (s *Server) clicks(ctx context.Context, req *request) (any, error) {
	r, err := parseList(req.params, s.config.Now())
	if err != nil {
		return nil, err
	}
	keys, err := s.listKeys(ctx, r)
	if err != nil {
		return nil, err
	}
	answer := &listAnswer{Events: []*eventRow{}}
	if len(keys) > r.limit {
		keys = keys[:r.limit]
		last := keys[r.limit-1]
		next := cursor{from: r.from.Unix(), ms: last.at.UnixMilli()}
		copy(next.identity[:], last.identity)
		answer.NextCursor = next.String()
	}
	for chunk := range slices.Chunk(keys, maxKeysInStatement) {
		events, err := s.eventsAt(ctx, chunk, r.addresses)
		if err != nil {
			return nil, err
		}
		answer.Events = append(answer.Events, events...)
	}
	return answer, nil
}

const (
	// maxKeysInStatement keeps a statement below ClickHouse's 256 KiB.
	maxKeysInStatement = 1000
	// A list is read backwards in windows that begin with firstWindow and grow windowGrowth-fold, so that
	// the newest page of a busy pipeline reads a minute and not a day.
	firstWindow  = time.Minute
	windowGrowth = 8
)

// listKeys finds the newest limit+1 events of the request.
func (s *Server) listKeys(ctx context.Context, r listRequest) ([]eventKey, error) {
	var keys []eventKey
	window := firstWindow
	for to := r.to; r.from.Before(to) && len(keys) <= r.limit; window *= windowGrowth {
		from := to.Add(-window)
		if from.Before(r.from) {
			from = r.from
		}
		found, err := s.keysBetween(ctx, r, from, to, r.limit+1-len(keys))
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
		to = from
	}
	return keys, nil
}

func (s *Server) keysBetween(ctx context.Context, r listRequest, from, to time.Time, limit int) ([]eventKey, error) {
	st := keysStatement(s.config.Database, r, from, to, limit)
	rows, err := s.config.ClickHouse.Query(ctx, st.text, st.args...)
	if err != nil {
		return nil, fmt.Errorf("list raw events: %w", err)
	}
	defer rows.Close()
	var keys []eventKey
	for rows.Next() {
		var k eventKey
		if err := rows.Scan(&k.part, &k.minute, &k.at, &k.identity, &k.offset, &k.duplicates); err != nil {
			return nil, fmt.Errorf("list raw events: %w", err)
		}
		keys = append(keys, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list raw events: %w", err)
	}
	return keys, nil
}

// keysStatement groups the copies of each event: the lowest offset is the one that counts, the others are
// duplicates. Loading a record twice gives the same offset and no duplicate.
func keysStatement(database string, r listRequest, from, to time.Time, limit int) statement {
	st := statement{}
	st.bind("from", from.Unix())
	st.bind("to", to.Unix())
	where := st.filters(r.filters)
	if r.after != nil {
		st.bind("after", r.after.ms)
		st.bind("identity", r.after.identityHex())
		where += ` AND (timestamp < fromUnixTimestamp64Milli(@after)
    OR timestamp = fromUnixTimestamp64Milli(@after) AND identity < toFixedString(unhex(@identity), 16))`
	}
	var having strings.Builder
	for _, f := range r.verdict {
		fmt.Fprintf(&having, " AND argMin(%[1]s, (src_off, -toInt32(loader))) IN @%[1]s", f.dimension)
		st.bind(f.dimension, f.values)
	}
	st.text = fmt.Sprintf(`SELECT src_part, minute, timestamp, identity, min(src_off), toUInt64(uniqExact(src_off) - 1)
FROM %s.events
WHERE minute >= toDateTime(@from) AND minute < toDateTime(@to)%s
GROUP BY src_part, minute, timestamp, identity
HAVING true%s
ORDER BY timestamp DESC, identity DESC
LIMIT %d
SETTINGS max_execution_time = %d`, database, where, having.String(), limit, int(HistoryTimeout/time.Second))
	return st
}

// eventsAt reads the counted copies at the keys, in their order.
func (s *Server) eventsAt(ctx context.Context, keys []eventKey, addresses bool) ([]*eventRow, error) {
	places := make([]clickhouse.GroupSet, len(keys))
	for i, k := range keys {
		places[i] = clickhouse.GroupSet{Value: []any{k.part, k.minute.Unix(), k.offset}}
	}
	rows, err := s.config.ClickHouse.Query(ctx, fmt.Sprintf("SELECT %s FROM %s.events FINAL WHERE (src_part, minute, src_off) IN (@places)",
		eventColumns, s.config.Database), clickhouse.Named("places", places))
	if err != nil {
		return nil, fmt.Errorf("read raw events: %w", err)
	}
	defer rows.Close()
	type place struct {
		part   uint32
		offset uint64
	}
	found := make(map[place]*eventRow, len(keys))
	for rows.Next() {
		e := &eventRow{}
		if err := scanEvent(rows, e, addresses); err != nil {
			return nil, err
		}
		found[place{e.part, e.offset}] = e
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read raw events: %w", err)
	}
	events := make([]*eventRow, 0, len(keys))
	for _, k := range keys {
		if e, ok := found[place{k.part, k.offset}]; ok { // else it left with its retention between the two reads
			e.Duplicates = k.duplicates
			events = append(events, e)
		}
	}
	return events, nil
}
