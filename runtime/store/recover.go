package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/clicktally/clicktally/runtime/event"
)

// Recovery says where a partition goes on after its log was cut, set back, or made again (table
// recoveries): from To on, offset LogOffset + n of the topic is src_off To + n.
type Recovery struct {
	SrcPart   event.SrcPart
	From, To  uint64 // src_offs that are Lost, To not included
	LogOffset uint64
	TopicID   [16]byte
	Condition string
	By        string
	Recovered time.Time
}

// InsertRecovery writes a recovery. It counts once a Lost manifest reaches To.
func InsertRecovery(ctx context.Context, conn driver.Conn, db string, r Recovery) error {
	return insert(ctx, conn, db, "recoveries", recoveryColumns, []Recovery{r})
}

var recoveryColumns = []column[Recovery]{
	col("src_part", func(r *Recovery) uint32 { return uint32(r.SrcPart) }),
	col("from_off", func(r *Recovery) uint64 { return r.From }),
	col("to_off", func(r *Recovery) uint64 { return r.To }),
	col("log_off", func(r *Recovery) uint64 { return r.LogOffset }),
	col("topic_id", func(r *Recovery) uuid.UUID { return r.TopicID }),
	col("condition", func(r *Recovery) string { return r.Condition }),
	col("who", func(r *Recovery) string { return r.By }),
	col("recovered", func(r *Recovery) int64 { return r.Recovered.UnixMilli() }),
}

// LastLoaded tells of the last manifest of a src_part that loaded something: when it was written, and
// under which leader epoch its last record was read, -1 when that is not known.
func LastLoaded(ctx context.Context, conn driver.Conn, db string, part event.SrcPart) (written time.Time, leaderEpoch int32, err error) {
	var found uint64
	query := "SELECT count(), argMax(written, to_off), argMax(leader_epoch, to_off) FROM " + Quote(db) +
		".manifests WHERE kind = 'Loaded' AND src_part = " + strconv.FormatUint(uint64(part), 10)
	if err := conn.QueryRow(ctx, query).Scan(&found, &written, &leaderEpoch); err != nil {
		return time.Time{}, -1, fmt.Errorf("read the last manifest: %w", err)
	}
	if found == 0 {
		return time.Time{}, -1, nil
	}
	return written, leaderEpoch, nil
}
