package query

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
)

// maxCopies is how many copies of one click its page reads.
const maxCopies = 1000

var clickParameters = []string{"addresses"}

// clickAnswer is one click: what came in, what was decided and under which versions, where the visitor
// went, what followed, and how it counts.
type clickAnswer struct {
	eventRow
	Accepted    string          `json:"accepted"`
	Signals     json.RawMessage `json:"signals,omitempty"`
	Points      []points        `json:"points"`
	Verdict     json.RawMessage `json:"verdict,omitempty"`
	Versions    versions        `json:"versions"`
	Log         place           `json:"log"`
	Conversions []conversion    `json:"conversions"`
	Counted     counted         `json:"counted"`
}

// points is what one reason added before families.
type points struct {
	Reason string `json:"reason"`
	Points uint8  `json:"points"`
}

// versions are those of the configuration the click was judged under.
type versions struct {
	PolicyDigest       string `json:"policy_digest,omitempty"`
	CampaignGeneration int64  `json:"campaign_generation"`
	CatalogOffset      int64  `json:"catalog_offset"`
}

// place is where the counted copy stands in the log.
type place struct {
	Generation uint32 `json:"generation"`
	Partition  uint32 `json:"partition"`
	Offset     uint64 `json:"offset"`
	Logged     string `json:"logged"`
}

// click answers GET /v1/clicks/{click_id}: a public click id or the UUID of an own event.
func (s *Server) click(ctx context.Context, req *request) (any, error) {
	addresses := req.flag("addresses")
	if err := req.err(); err != nil {
		return nil, err
	}
	id, err := parseClickID(req.path("click_id"))
	if err != nil {
		return nil, err
	}
	answer, err := s.rawClick(ctx, id, addresses)
	if err != nil {
		return nil, err
	}
	if answer.Conversions, err = s.conversionsOf(ctx, conversionPart(answer.part, id), id, answer.CampaignID); err != nil {
		return nil, err
	}
	cut, err := s.markedCut(ctx, answer.part, answer.minute)
	if err != nil {
		return nil, err
	}
	answer.Counted = countedAs(&answer.eventRow, cut)
	return answer, nil
}

func parseClickID(text string) (event.ID, error) {
	if id, err := event.ParseID(text); err == nil {
		return id, nil
	}
	if id, ok := event.UnverifiedID(text); ok {
		return id, nil
	}
	return event.ID{}, problem.BadParameter("click_id", fmt.Sprintf("%q is neither a click id ({clickid}) nor the UUID of an event made here", clip(text)))
}

// conversionPart is where conversions of a click are counted: in the click's generation and the
// partition of its id, whether or not the click itself was moved to another.
func conversionPart(part uint32, id event.ID) uint32 {
	return uint32(event.NewSrcPart(event.SrcPart(part).Generation(), id.Partition()))
}

// rawClick reads every copy of the event. Its id tells the minute and the partition, so this is one
// range read in each generation. One that was moved to the generation of its time may be in another partition.
func (s *Server) rawClick(ctx context.Context, id event.ID, addresses bool) (*clickAnswer, error) {
	for _, where := range []string{"bitAnd(src_part, 65535) = @partition", "src_part != made_part"} {
		if found, err := s.copiesOf(ctx, id, where, addresses); found != nil || err != nil {
			return found, err
		}
	}
	return nil, problem.New(http.StatusNotFound, "click-not-found", "No such click",
		"no event with this id has been loaded: it is seconds old, older than raw retention, or was never counted here")
}

// copiesOf reads the copies of the event where a condition holds, nil when there is none.
func (s *Server) copiesOf(ctx context.Context, id event.ID, where string, addresses bool) (*clickAnswer, error) {
	minute := time.UnixMilli(id.Time()).UTC().Truncate(time.Minute)
	rows, err := s.config.ClickHouse.Query(ctx, fmt.Sprintf(`SELECT %s, accepted, signals, verdict, reasons, reason_points,
  policy_digest, campaign_generation, catalog_offset, logged
FROM %s.events FINAL
WHERE minute = toDateTime(@minute) AND %s AND identity = toFixedString(unhex(@identity), 16)
ORDER BY src_part, src_off
LIMIT %d
SETTINGS max_execution_time = %d`, eventColumns, s.config.Database, where, maxCopies, int(HistoryTimeout/time.Second)),
		clickhouse.Named("minute", minute.Unix()), clickhouse.Named("partition", id.Partition()),
		clickhouse.Named("identity", hex.EncodeToString(id[:])))
	if err != nil {
		return nil, fmt.Errorf("read a click: %w", err)
	}
	defer rows.Close()
	var first *clickAnswer
	for rows.Next() {
		c := &clickAnswer{}
		if err := c.scan(rows, addresses); err != nil {
			return nil, err
		}
		if first == nil {
			first = c
		} else {
			first.Duplicates++
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read a click: %w", err)
	}
	return first, nil
}
