package store

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// NoPart stands for a boot as a whole in table boots; no generation has that many partitions.
const NoPart = 1<<32 - 1

// Boot is what one heartbeat says about the counters of one (boot, src_part), or, with NoPart, about
// the boot as a whole.
type Boot struct {
	ID      uint64
	SrcPart uint32
	Pod     string
	At      int64 // ms; time of the heartbeat
	Version string
	// Next is the next counter to be given, Settled the one below which every fate is known; Voided and
	// Journaled count among those below Settled.
	Next, Settled, Voided, Journaled uint64
	Drained                          bool
	JournalBytes, JournalCapacity    uint64
	Offset                           uint64 // of the heartbeat
}

// Day is the UTC day of the heartbeat.
func (b *Boot) Day() time.Time { return time.UnixMilli(b.At).UTC().Truncate(24 * time.Hour) }

// InsertBoots writes heartbeats; of one day the latest counts.
func InsertBoots(ctx context.Context, conn driver.Conn, db string, boots []Boot) error {
	return insert(ctx, conn, db, "boots", bootColumns, boots)
}

var bootColumns = []column[Boot]{
	col("boot_id", func(b *Boot) uint64 { return b.ID }),
	col("src_part", func(b *Boot) uint32 { return b.SrcPart }),
	col("pod", func(b *Boot) string { return b.Pod }),
	col("day", func(b *Boot) time.Time { return b.Day() }),
	col("ver", func(b *Boot) int64 { return b.At }),
	col("version", func(b *Boot) string { return b.Version }),
	col("next", func(b *Boot) uint64 { return b.Next }),
	col("settled", func(b *Boot) uint64 { return b.Settled }),
	col("voided", func(b *Boot) uint64 { return b.Voided }),
	col("journaled", func(b *Boot) uint64 { return b.Journaled }),
	col("drained", func(b *Boot) uint8 { return flag(b.Drained) }),
	col("journal_bytes", func(b *Boot) uint64 { return b.JournalBytes }),
	col("journal_capacity", func(b *Boot) uint64 { return b.JournalCapacity }),
	col("heartbeat_off", func(b *Boot) uint64 { return b.Offset }),
}

// DeadLetter is one record that could not be counted, by its place in the log.
type DeadLetter struct {
	SrcPart  uint32
	Offset   uint64
	Reason   string
	Readable bool // the fields below are what the record says
	SaidPart uint32
	BootID   uint64
	Counter  uint64
	Type     string
	Campaign string
	// Timestamp and Accepted are the record's, Written that of the dead letter; all ms.
	Timestamp, Accepted, Written int64
	LetterOffset                 uint64
}

// InsertDeadLetters writes dead letters; a copy of one replaces it.
func InsertDeadLetters(ctx context.Context, conn driver.Conn, db string, letters []DeadLetter) error {
	return insert(ctx, conn, db, "dead_letters", letterColumns, letters)
}

var letterColumns = []column[DeadLetter]{
	col("src_part", func(d *DeadLetter) uint32 { return d.SrcPart }),
	col("src_off", func(d *DeadLetter) uint64 { return d.Offset }),
	col("reason", func(d *DeadLetter) string { return d.Reason }),
	col("readable", func(d *DeadLetter) uint8 { return flag(d.Readable) }),
	col("said_part", func(d *DeadLetter) uint32 { return d.SaidPart }),
	col("boot_id", func(d *DeadLetter) uint64 { return d.BootID }),
	col("counter", func(d *DeadLetter) uint64 { return d.Counter }),
	col("event_type", func(d *DeadLetter) string { return d.Type }),
	col("campaign_id", func(d *DeadLetter) string { return d.Campaign }),
	col("timestamp", func(d *DeadLetter) int64 { return d.Timestamp }),
	col("accepted", func(d *DeadLetter) int64 { return d.Accepted }),
	col("written", func(d *DeadLetter) int64 { return d.Written }),
	col("letter_off", func(d *DeadLetter) uint64 { return d.LetterOffset }),
}

func flag(set bool) uint8 {
	if set {
		return 1
	}
	return 0
}
