package query

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// scan reads one copy of a click.
func (c *clickAnswer) scan(rows driver.Rows, addresses bool) error {
	var accepted, logged time.Time
	var signals, verdict string
	var reasons []string
	var reasonPoints []uint8
	err := scanEvent(rows, &c.eventRow, addresses, &accepted, &signals, &verdict, &reasons, &reasonPoints,
		&c.Versions.PolicyDigest, &c.Versions.CampaignGeneration, &c.Versions.CatalogOffset, &logged)
	if err != nil {
		return err
	}
	c.Accepted = millis(accepted)
	c.Signals, c.Verdict = rawJSON(signals), rawJSON(verdict)
	c.Points = []points{}
	for i := range min(len(reasons), len(reasonPoints)) {
		c.Points = append(c.Points, points{reasons[i], reasonPoints[i]})
	}
	part := event.SrcPart(c.part)
	c.Log = place{part.Generation(), part.Partition(), c.offset, millis(logged)}
	return nil
}

// rawJSON passes stored JSON on; text that is none becomes a JSON string.
func rawJSON(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text) // a string always marshals
	return quoted
}

// conversion is what one transaction of a click came to; the last status in log order.
type conversion struct {
	TxID      string  `json:"txid"`
	Kind      string  `json:"kind"`
	Status    string  `json:"status"`
	Revenue   *amount `json:"revenue,omitempty"`
	Timestamp string  `json:"timestamp"`
}

func (s *Server) conversionsOf(ctx context.Context, part uint32, id event.ID, campaign string) ([]conversion, error) {
	at := time.UnixMilli(id.Time()).Unix()
	rows, err := s.config.ClickHouse.Query(ctx, fmt.Sprintf(`SELECT txid, kind, status, revenue_micros, revenue_currency, timestamp
FROM %s
ORDER BY timestamp, txid
LIMIT %d`, store.ConversionsOnce(s.config.Database, "src_part = @part AND click_id = @click AND click_time >= toDateTime(@at - 1) AND click_time < toDateTime(@at + 2) AND campaign_id = @campaign"), maxCopies),
		clickhouse.Named("part", part), clickhouse.Named("click", id.String()), clickhouse.Named("at", at), clickhouse.Named("campaign", campaign))
	if err != nil {
		return nil, fmt.Errorf("read conversions of a click: %w", err)
	}
	defer rows.Close()
	out := []conversion{}
	for rows.Next() {
		var c conversion
		var micros int64
		var currency string
		var stated time.Time
		if err := rows.Scan(&c.TxID, &c.Kind, &c.Status, &micros, &currency, &stated); err != nil {
			return nil, fmt.Errorf("read conversions of a click: %w", err)
		}
		c.Revenue, c.Timestamp = money(micros, currency), millis(stated)
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read conversions of a click: %w", err)
	}
	return out, nil
}
