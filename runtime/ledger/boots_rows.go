package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// bootRowsAtOnce bounds the rows of one insert.
const bootRowsAtOnce = 200_000

// newBootCopier copies heartbeats into table boots.
func newBootCopier(c *Config) *copier {
	return &copier{
		options: c.Kafka, topic: c.Topics.Heartbeats(),
		position: c.after("boots", "heartbeat_off"),
		write:    func(ctx context.Context, records []*kgo.Record) error { return c.writeBoots(ctx, records) },
	}
}

// newLetterCopier copies dead letters into table dead_letters.
func newLetterCopier(c *Config) *copier {
	return &copier{
		options: c.Kafka, topic: c.Topics.DeadLetters(),
		position: c.after("dead_letters", "letter_off"),
		write: func(ctx context.Context, records []*kgo.Record) error {
			var letters []store.DeadLetter
			for _, record := range records {
				if letter, ok := letterOf(c.Topics.Events, record); ok {
					letters = append(letters, letter)
				}
			}
			return store.InsertDeadLetters(ctx, c.ClickHouse, c.Database, letters)
		},
	}
}

// after reads the position behind the highest offset in a column, less one batch: of that a failed
// insert may have left a part out.
func (c *Config) after(table, column string) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		var next int64
		row := c.ClickHouse.QueryRow(ctx, "SELECT toInt64(if(count() = 0, 0, max("+column+") + 1)) FROM "+store.Quote(c.Database)+"."+table)
		if err := row.Scan(&next); err != nil {
			return 0, fmt.Errorf("read how far table %s is: %w", table, err)
		}
		return max(0, next-recordsAtOnce), nil
	}
}

// bootKey is a row of table boots.
type bootKey struct {
	id   uint64
	part uint32
	pod  string
	day  int64
}

// writeBoots writes the last heartbeat per key; of a day only that one would be kept anyway.
func (c *Config) writeBoots(ctx context.Context, records []*kgo.Record) error {
	latest := map[bootKey]store.Boot{}
	flush := func() error {
		rows := make([]store.Boot, 0, len(latest))
		for _, row := range latest {
			rows = append(rows, row)
		}
		clear(latest)
		return store.InsertBoots(ctx, c.ClickHouse, c.Database, rows)
	}
	for _, record := range records {
		for _, row := range bootRows(record) {
			key := bootKey{row.ID, row.SrcPart, row.Pod, row.Day().Unix()}
			if latest[key].At <= row.At {
				latest[key] = row
			}
		}
		if len(latest) >= bootRowsAtOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// bootRows are the rows of one heartbeat: the boot as a whole, and each of its partitions. A
// tombstone and what cannot be read have none.
func bootRows(record *kgo.Record) []store.Boot {
	var h event.Heartbeat
	if len(record.Value) == 0 || h.UnmarshalVT(record.Value) != nil || h.BootId == 0 {
		return nil
	}
	whole := store.Boot{
		ID: h.BootId, SrcPart: store.NoPart, Pod: h.Pod, At: h.At, Version: h.Version, Drained: h.Drained,
		JournalBytes: h.JournalBytes, JournalCapacity: h.JournalCapacity, Offset: uint64(record.Offset),
	}
	rows := make([]store.Boot, 0, 1+len(h.Partitions))
	for _, p := range h.Partitions {
		row := whole
		row.SrcPart, row.Next, row.Settled, row.Voided, row.Journaled = p.SrcPart, p.Next, p.Settled, p.Voided, p.Journaled
		whole.Journaled += p.Journaled
		rows = append(rows, row)
	}
	return append(rows, whole)
}

// letterOf reads a dead letter; false for one that came from no partition of events.
func letterOf(topic func(generation uint32) string, record *kgo.Record) (store.DeadLetter, bool) {
	headers := map[string]string{}
	for _, h := range record.Headers {
		if _, stated := headers[h.Key]; !stated { // ours come first, the record's own after them
			headers[h.Key] = string(h.Value)
		}
	}
	number, known := strings.CutPrefix(headers["topic"], strings.TrimSuffix(topic(0), "0"))
	generation, err1 := strconv.ParseUint(number, 10, 16)
	partition, err2 := strconv.ParseUint(headers["partition"], 10, 16)
	offset, err3 := strconv.ParseUint(headers["offset"], 10, 64)
	if !known || err1 != nil || err2 != nil || err3 != nil {
		return store.DeadLetter{}, false
	}
	letter := store.DeadLetter{
		SrcPart: uint32(event.NewSrcPart(uint32(generation), uint32(partition))), Offset: offset, Reason: headers["reason"],
		Written: record.Timestamp.UnixMilli(), LetterOffset: uint64(record.Offset),
	}
	e := new(event.Event)
	if event.Decode(record.Value, e) == nil {
		letter.Readable, letter.SaidPart, letter.BootID, letter.Counter = true, e.SrcPart, e.BootId, e.Counter
		letter.Type, letter.Campaign = e.EventType.Name(), e.CampaignId
		letter.Timestamp, letter.Accepted = inRange(e.Timestamp), inRange(e.Accepted)
	}
	return letter, true
}

// inRange keeps a time that a stranger may have stated within what the column holds.
func inRange(ms int64) int64 { return min(max(ms, 0), event.MaxTimestamp) }
