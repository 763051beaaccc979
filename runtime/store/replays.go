package store

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// Place is where a record stands.
type Place struct {
	SrcPart event.SrcPart
	Offset  uint64
}

// Replay says that a dead letter was produced to the log again (table replays).
type Replay struct {
	Place
	Reason   string
	To       event.SrcPart
	Identity [16]byte
	By       string
	Replayed time.Time
}

// InsertReplay notes one replay; of one letter the last counts.
func InsertReplay(ctx context.Context, conn driver.Conn, db string, r Replay) error {
	return insert(ctx, conn, db, "replays", replayColumns, []Replay{r})
}

var replayColumns = []column[Replay]{
	col("src_part", func(r *Replay) uint32 { return uint32(r.SrcPart) }),
	col("src_off", func(r *Replay) uint64 { return r.Offset }),
	col("reason", func(r *Replay) string { return r.Reason }),
	col("to_part", func(r *Replay) uint32 { return uint32(r.To) }),
	col("identity", func(r *Replay) []byte { return r.Identity[:] }),
	col("who", func(r *Replay) string { return r.By }),
	col("replayed", func(r *Replay) int64 { return r.Replayed.UnixMilli() }),
}

// ReadReplays returns when each letter was replayed last.
func ReadReplays(ctx context.Context, conn driver.Conn, db string) (map[Place]time.Time, error) {
	found := map[Place]time.Time{}
	err := each(ctx, conn, "SELECT src_part, src_off, max(replayed) FROM {db}.replays GROUP BY src_part, src_off", db, "", func(scan func(...any) error) error {
		var part uint32
		var offset uint64
		var at time.Time
		if err := scan(&part, &offset, &at); err != nil {
			return err
		}
		found[Place{event.SrcPart(part), offset}] = at
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read which dead letters were replayed: %w", err)
	}
	return found, nil
}
