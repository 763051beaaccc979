package oracle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

const (
	randomLogs      = 1000
	longestLog      = 24
	cutsInStatement = 256
)

// The minute statement alone, without a worker: each of the logs is a src_part of its own, computed at a random
// cut and then at its end.
func TestTheMinuteStatementAgreesOnRandomLogs(t *testing.T) {
	ch, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ch.Close() })
	r := &rig{t: t, ch: ch, database: servers.Database(t)}
	if err := store.EnsureSchema(t.Context(), ch, r.database, store.Retention{}); err != nil {
		t.Fatal(err)
	}
	logs := make([][]Record, randomLogs)
	var rows []store.Row
	for i := range logs {
		logs[i] = randomLog(rand.New(rand.NewPCG(*seed, uint64(i))), event.NewSrcPart(1, uint32(i)))
		for _, record := range logs[i] {
			rows = append(rows, store.Row{SrcPart: record.SrcPart, Offset: record.Offset, Logged: record.Event.Accepted, Event: record.Event})
		}
	}
	if err := store.InsertEvents(t.Context(), ch, r.database, rows); err != nil {
		t.Fatal(err)
	}
	cut := rand.New(rand.NewPCG(*seed, randomLogs))
	r.computeAndCompare(logs, func(log []Record) int { return cut.IntN(len(log)) })
	r.computeAndCompare(logs, func(log []Record) int { return len(log) })
}

// randomLog holds what a worker would load of a random log.
func randomLog(random *rand.Rand, part event.SrcPart) []Record {
	var log []Record
	for _, entry := range newScribe(random, time.Now()).entries(1 + random.IntN(longestLog)) {
		e := new(event.Event)
		if entry.reason != "" || event.Decode(entry.value, e) != nil {
			continue
		}
		e.SrcPart = uint32(part)
		log = append(log, Record{SrcPart: part, Offset: uint64(len(log)), Event: e})
	}
	if len(log) == 0 {
		return randomLog(random, part)
	}
	return log
}

// computeAndCompare computes every minute of the logs below a cut and compares what a reader sees with the recount.
func (r *rig) computeAndCompare(logs [][]Record, cutOf func([]Record) int) {
	r.t.Helper()
	want := map[Key]map[string]int64{}
	var cuts []store.Cut
	for _, log := range logs {
		cut := cutOf(log)
		minutes := map[int64]bool{}
		for key, figures := range Recount(log[:cut], statedBound) {
			want[key] = figures
			minutes[key.Minute] = true
		}
		for minute := range minutes {
			cuts = append(cuts, store.Cut{SrcPart: log[0].SrcPart, Minute: minute, Offset: uint64(cut)})
		}
	}
	for batch := range slices.Chunk(cuts, cutsInStatement) {
		for _, statement := range []string{
			store.InsertMinutes(r.database, 1, statedBound, batch), store.InsertMarks(r.database, time.Now(), batch),
		} {
			if err := r.ch.Exec(r.t.Context(), statement); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	got, err := r.minuteRows()
	if err != nil {
		r.t.Fatal(err)
	}
	for key, figures := range want {
		for name, value := range figures {
			if value == 0 {
				delete(figures, name)
			}
		}
		if diff := cmp.Diff(figures, got[key]); diff != "" {
			r.t.Fatalf("minute row %v of log %d (-recount +statement):\n%s", key, key.SrcPart.Partition(), diff)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		r.t.Fatalf("rows that no log explains: %s", fmt.Sprint(got)[:400])
	}
	r.t.Logf("%d minutes of %d logs", len(cuts), len(logs))
}
