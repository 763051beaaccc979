package ledger_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
)

// explained are counters that are not in raw, and no lost clicks. The boot has written the clicks 0 and
// 1 on partition 0 and reported them; what else it does is the case.
var explained = map[string]struct {
	do   func(r *rig)
	want ledger.Gap
}{
	"the boot died before anybody was answered": {
		do: func(r *rig) {
			r.skip(2)
			r.beat(deadBoot, func(h *event.Heartbeat) { h.At, h.Partitions[0].Settled = r.ago(time.Minute), 2 })
		},
		want: ledger.Gap{Settled: 2, Raw: 2, Unacknowledged: 2, Missing: []ledger.MissingRange{{Range: ledger.Range{First: 2, Last: 3}}}},
	},
	"the boot died after its last heartbeat, and its last records are there": {
		do: func(r *rig) {
			r.beat(deadBoot, func(h *event.Heartbeat) { h.At = r.ago(time.Minute) })
			r.skip(1) // counter 2
			r.write(r.click(deadBoot, 0, 5*time.Minute, "spring", "USD"))
		},
		want: ledger.Gap{Settled: 2, Raw: 2, Unacknowledged: 1, Missing: []ledger.MissingRange{{Range: ledger.Range{First: 2, Last: 2}}}},
	},
	"a counter was voided": {
		do: func(r *rig) {
			r.skip(1)
			r.beat(deadBoot, func(h *event.Heartbeat) { h.Partitions[0].Voided, h.Drained = 1, true })
		},
		want: ledger.Gap{Settled: 3, Raw: 2, Voided: 1, Missing: []ledger.MissingRange{{Range: ledger.Range{First: 2, Last: 2}, Settled: true}}},
	},
	"a voided record landed all the same": {
		do: func(r *rig) {
			r.beat(deadBoot, func(h *event.Heartbeat) { h.Partitions[0].Voided, h.Drained = 1, true })
		},
		want: ledger.Gap{Settled: 2, Raw: 2, Voided: 1, Surplus: 1},
	},
	"a record could not be counted": {
		do: func(r *rig) {
			late := r.click(deadBoot, 0, -100*24*time.Hour, "spring", "USD")
			r.deadLetter(late, "TooLate")
			r.beat(deadBoot, func(h *event.Heartbeat) { h.Drained = true })
		},
		want: ledger.Gap{Settled: 3, Raw: 2, DeadLetters: 1},
	},
}

func TestWhatIsMissingIsExplained(t *testing.T) {
	for name, one := range explained {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write(r.click(deadBoot, 0, time.Minute, "spring", "USD"), r.click(deadBoot, 0, 2*time.Minute, "spring", "USD"))
			one.do(r)
			r.load()
			report := r.check(nil)
			if report.Verdict.Status != ledger.True {
				t.Errorf("%s", report.Verdict)
			}
			if len(report.Gaps.Uneven) != 1 {
				t.Fatalf("gaps %+v", report.Gaps)
			}
			ignore := cmpopts.IgnoreFields(ledger.Gap{}, "Boot", "Pod", "Part", "At")
			times := cmpopts.IgnoreFields(ledger.MissingRange{}, "After", "Before")
			if diff := cmp.Diff(one.want, report.Gaps.Uneven[0], ignore, times); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatADeadBootsRecordsSayCounts: its records carry settled too, and were written after its last heartbeat.
func TestWhatADeadBootsRecordsSayCounts(t *testing.T) {
	r := newRig(t)
	r.write(r.click(deadBoot, 0, time.Minute, "spring", "USD"))
	r.beat(deadBoot, func(h *event.Heartbeat) { h.At = r.ago(time.Minute) })
	r.skip(1) // counter 1, which the next record calls settled
	later := r.click(deadBoot, 0, 3*time.Minute, "spring", "USD")
	later.Settled = 2
	r.write(later)
	r.load()
	f := r.finding(r.check(nil), ledger.ClicksLost)
	if f.Range == nil || *f.Range != (ledger.Range{First: 1, Last: 1}) {
		t.Errorf("lost %v: %s; want counter 1", f.Range, f.Message)
	}
}

// TestAPeriodBeginsWhereTheDayBeforeEnded: raw of the days before is not asked for again.
func TestAPeriodBeginsWhereTheDayBeforeEnded(t *testing.T) {
	r := newRig(t)
	r.skip(7) // yesterday's, whose raw is not here
	r.beat(deadBoot, func(h *event.Heartbeat) { h.At = r.ago(26 * time.Hour); h.Partitions[0].Voided = 3 })
	r.write(r.click(deadBoot, 0, time.Minute, "spring", "USD"))
	r.beat(deadBoot, func(h *event.Heartbeat) { h.Partitions[0].Voided, h.Drained = 3, true })
	r.load()
	report := r.check(nil)
	if report.Verdict.Status != ledger.True || report.Gaps.Counters != 1 || report.Gaps.Raw != 1 {
		t.Errorf("%s, gaps %+v; want one counter of today", report.Verdict, report.Gaps)
	}
}

// TestABootOlderThanItsFirstHeartbeatIsLookedForInAllOfRaw: heartbeats are kept for a week, boots live longer.
func TestABootOlderThanItsFirstHeartbeatIsLookedForInAllOfRaw(t *testing.T) {
	r := newRig(t)
	r.write(r.click(deadBoot, 0, -20*24*time.Hour, "spring", "USD"), r.click(deadBoot, 0, time.Minute, "spring", "USD"))
	r.beat(deadBoot, func(h *event.Heartbeat) { h.Drained = true })
	r.load()
	if report := r.check(nil); report.Verdict.Status != ledger.True || report.Gaps.Raw != 2 {
		t.Errorf("%s, gaps %+v; want both counters", report.Verdict, report.Gaps)
	}
}

// skip draws counters of the dead boot on partition 0 that never reach the log.
func (r *rig) skip(n uint64) { r.next[[2]uint64{deadBoot, 0}] += n }

func (r *rig) ago(d time.Duration) int64 { return time.Now().Add(-d).UnixMilli() }

// deadLetter writes an event to the log and to the dead letters, as an aggregator does.
func (r *rig) deadLetter(e *event.Event, reason string) {
	r.t.Helper()
	value, err := event.Append(nil, e)
	if err != nil {
		r.t.Fatal(err)
	}
	partition := event.SrcPart(e.SrcPart).Partition()
	offset := r.raw(partition, value)
	record := &kgo.Record{Topic: r.topics.DeadLetters(), Value: value, Headers: []kgo.RecordHeader{
		{Key: "reason", Value: []byte(reason)},
		{Key: "topic", Value: []byte(r.topics.Events(generation))},
		{Key: "partition", Value: strconv.AppendUint(nil, uint64(partition), 10)},
		{Key: "offset", Value: strconv.AppendUint(nil, offset, 10)},
	}}
	if err := r.client.ProduceSync(r.t.Context(), record, record).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}
