package store

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/clicktally/clicktally/runtime/event"
)

// Manifest says that all of [From, To) of one src_part is in table events, or among the dead letters, or
// in the log of another generation; or, where it is Lost, that nothing of it can be had any more.
type Manifest struct {
	SrcPart     event.SrcPart
	From, To    uint64
	TopicID     [16]byte
	LeaderEpoch int32
	Rows        uint64
	Offsets     uint64 // distinct ones among the rows
	DeadLetters uint64
	Moved       uint64  // produced again to another generation, acknowledged, and counted there
	Minutes     []int64 // unix seconds
	Written     time.Time
	Lost        bool
}

// InsertManifests writes manifests; all rows they speak of are written before.
func InsertManifests(ctx context.Context, conn driver.Conn, db string, manifests []Manifest) error {
	return insert(ctx, conn, db, "manifests", manifestColumns, manifests)
}

var manifestColumns = []column[Manifest]{
	col("src_part", func(m *Manifest) uint32 { return uint32(m.SrcPart) }),
	col("from_off", func(m *Manifest) uint64 { return m.From }),
	col("to_off", func(m *Manifest) uint64 { return m.To }),
	col("kind", func(m *Manifest) string {
		if m.Lost {
			return "Lost"
		}
		return "Loaded"
	}),
	col("topic_id", func(m *Manifest) uuid.UUID { return m.TopicID }),
	col("leader_epoch", func(m *Manifest) int32 { return m.LeaderEpoch }),
	col("rows", func(m *Manifest) uint64 { return m.Rows }),
	col("offsets", func(m *Manifest) uint64 { return m.Offsets }),
	col("dead_letters", func(m *Manifest) uint64 { return m.DeadLetters }),
	col("moved", func(m *Manifest) uint64 { return m.Moved }),
	col("minutes", func(m *Manifest) []time.Time {
		minutes := make([]time.Time, len(m.Minutes))
		for i, minute := range m.Minutes {
			minutes[i] = time.Unix(minute, 0).UTC()
		}
		return minutes
	}),
	col("written", func(m *Manifest) int64 { return m.Written.UnixMilli() }),
}

// Progress says how far a partition is (table progress).
type Progress struct {
	SrcPart       event.SrcPart
	CompleteUntil time.Time
	Loaded        uint64
	Dirty         uint64
	Written       time.Time
}

// InsertProgress writes progress rows; the furthest one of a src_part counts.
func InsertProgress(ctx context.Context, conn driver.Conn, db string, rows []Progress) error {
	return insert(ctx, conn, db, "progress", progressColumns, rows)
}

var progressColumns = []column[Progress]{
	col("src_part", func(p *Progress) uint32 { return uint32(p.SrcPart) }),
	col("complete_until", func(p *Progress) int64 { return p.CompleteUntil.UnixMilli() }),
	col("loaded_off", func(p *Progress) uint64 { return p.Loaded }),
	col("dirty", func(p *Progress) uint64 { return p.Dirty }),
	col("written", func(p *Progress) int64 { return p.Written.UnixMilli() }),
}
