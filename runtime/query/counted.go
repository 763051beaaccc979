package query

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// counted says how one event counts (design 6.4): under which name, with which money, and whether the
// minute row that readers see holds it already.
type counted struct {
	As    string  `json:"as"`
	Gross bool    `json:"gross"`
	Spend *amount `json:"spend"`
	// Minute is the minute the event counts in; InMinuteRow whether that minute's mark covers it.
	Minute      string `json:"minute"`
	InMinuteRow bool   `json:"in_minute_row"`
}

// countedAs derives it from the event and the cut of its minute's mark: the offset below which the
// minute's rows were computed.
func countedAs(e *eventRow, cut uint64) counted {
	c := counted{As: e.EventType, Minute: stamp(e.minute, time.UTC), InMinuteRow: e.offset < cut}
	if e.EventType != event.EventType_EVENT_TYPE_CLICK.Name() {
		return c
	}
	switch e.Disposition {
	case event.Disposition_DISPOSITION_TEST.Name(), event.Disposition_DISPOSITION_CLOSED.Name():
		c.As = strings.ToLower(e.Disposition)
		return c
	}
	c.As, c.Gross = strings.ToLower(e.Status), true
	routed := e.Disposition == event.Disposition_DISPOSITION_ROUTED.Name()
	if routed && e.Status != event.Status_STATUS_FRAUDULENT.Name() {
		c.Spend = e.Price
	}
	return c
}

// markedCut is the cut of a minute's mark, 0 when it has none.
func (s *Server) markedCut(ctx context.Context, part uint32, minute time.Time) (uint64, error) {
	var ver uint64
	row := s.config.ClickHouse.QueryRow(ctx,
		fmt.Sprintf("SELECT max(ver) FROM %s.marks WHERE src_part = @part AND minute = toDateTime(@minute)", s.config.Database),
		clickhouse.Named("part", part), clickhouse.Named("minute", minute.Unix()))
	if err := row.Scan(&ver); err != nil {
		return 0, fmt.Errorf("read a minute's mark: %w", err)
	}
	return store.VerOffset(ver), nil
}
