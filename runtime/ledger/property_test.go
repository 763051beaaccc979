package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/oracle"
)

// TestTheRecountEqualsTheOracle recounts random logs by the ledger's SQL and by the oracle: the recount
// is what minute rows are held against, so it has to be right by itself.
func TestTheRecountEqualsTheOracle(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			r := newRig(t)
			rng := rand.New(rand.NewPCG(seed, 7))
			for range 1 + rng.IntN(3) {
				r.write(r.random(rng, 1+rng.IntN(150))...)
				r.beat(liveBoot, nil)
				r.load()
			}
			report := r.check(nil)
			if report.Verdict.Status != ledger.True {
				t.Errorf("%s %+v", report.Verdict, report.Findings)
			}
			if diff := cmp.Diff(r.expected(), recounted(report)); diff != "" {
				t.Errorf("seed %d (-oracle +recount):\n%s", seed, diff)
			}
			// One cut for all: the period's half hours add up to the hour.
			halves := append(r.counts(0, 30), r.counts(30, 60)...)
			if diff := cmp.Diff(recounted(report), recounted(&ledger.Report{Counts: halves})); diff != "" {
				t.Errorf("seed %d, two halves (-hour +halves):\n%s", seed, diff)
			}
		})
	}
}

// random is traffic of one boot with copies of what is in the log, own and foreign, in any order.
func (r *rig) random(rng *rand.Rand, n int) []*event.Event {
	var events []*event.Event
	for range n {
		if known := len(r.records); known > 0 && rng.IntN(5) == 0 {
			copied := r.records[rng.IntN(known)].Event.CloneVT()
			if copied.Origin == event.Origin_ORIGIN_FOREIGN { // a retry: the same identity under a counter of its own
				next := r.click(liveBoot, event.SrcPart(copied.SrcPart).Partition(), 0, "", "")
				copied.Counter, copied.PriceMicros = next.Counter, rng.Int64N(9)*50_000
			}
			events = append(events, copied)
			continue
		}
		e := r.click(liveBoot, rng.Uint32N(partitions), time.Duration(rng.Int64N(int64(time.Hour))), fmt.Sprint("camp-", rng.IntN(3)), []string{"USD", "EUR"}[rng.IntN(2)])
		e.Disposition = event.Disposition(1 + rng.IntN(4))
		e.PriceMicros, e.CostMicros, e.CostCurrency = rng.Int64N(9)*50_000, rng.Int64N(3)*10_000, "USD"
		e.Verdict.Status = event.Status(1 + rng.IntN(3))
		if rng.IntN(2) == 0 {
			e.EventType = event.EventType(1 + rng.IntN(6))
		}
		if rng.IntN(3) == 0 {
			e.Origin, e.Caller, e.EventId = event.Origin_ORIGIN_FOREIGN, "partner", fmt.Appendf(nil, "order-%d", rng.IntN(1000))
		}
		events = append(events, e)
	}
	return events
}

type figure struct {
	Advertiser, Campaign, Column string
}

// expected sums what the oracle counts, by advertiser, campaign and column.
func (r *rig) expected() map[figure]int64 {
	want := map[figure]int64{}
	for key, row := range oracle.Recount(r.records, store.MaxStated) {
		for column, value := range row {
			if strings.HasPrefix(column, "spend_") {
				column += " " + key.Dims[8]
			}
			if column == "cost" {
				column += " " + key.Dims[9]
			}
			if value != 0 {
				want[figure{key.Dims[4], key.Dims[0], column}] += value
			}
		}
	}
	return want
}

func recounted(report *ledger.Report) map[figure]int64 {
	got := map[figure]int64{}
	for _, c := range report.Counts {
		got[figure{c.Advertiser, c.Campaign, c.Column}] += c.Raw
	}
	return got
}

// counts judges a part of the rig's hour.
func (r *rig) counts(from, to int) []ledger.Count {
	r.t.Helper()
	l, err := ledger.New(r.config())
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	at := func(minute int) time.Time { return r.hour.Add(time.Duration(minute) * time.Minute) }
	report, err := l.Check(r.t.Context(), ledger.Period{From: at(from), To: at(to)}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return report.Counts
}
