package oracle

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// patience is how long a test waits for what must come: a disk that is busy with gigabytes of others may keep one
// statement for a minute.
const patience = 4 * time.Minute

// until polls a condition; tests never sleep for a fixed time.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-again.C {
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s did not come true", patience, what)
		}
	}
}

// onlyRecent keeps events in the panes, so that Redis alone must hold them.
func onlyRecent(s *scribe, n int) []entry {
	var list []entry
	for len(list) < n {
		e := s.event(s.now.Add(-time.Duration(s.r.Int64N(int64(2 * time.Minute)))))
		list = append(list, encoded(e, ""))
	}
	return list
}

func TestTheLiveHalfGoesOnWhileClickHouseIsAway(t *testing.T) {
	s := startStores(t)
	rig := newRig(t, s, "away")
	g := newGate(t, s.clickhouse)
	through, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{g.address}, DialTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { through.Close() })
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 100)), time.Now())
	bounded := func(c *aggregate.Config) { c.ClickHouse, c.MaxBuffered, c.FlushRows = through, 20, 10 }
	liveAgrees := func() bool {
		want := liveOf(Recount(rig.records, statedBound))
		got, err := rig.liveCounts(want)
		return err == nil && equal(want, got)
	}

	g.set(true)
	rig.write(onlyRecent(scribe, 60))
	_, stop := rig.start("workers", bounded)
	until(t, "live counters of a worker that never saw ClickHouse", liveAgrees)
	g.set(false)
	rig.agree(patience)
	g.set(true)
	rig.write(onlyRecent(scribe, 200))
	until(t, "live counters far beyond what the load may buffer", liveAgrees)
	g.set(false)
	rig.write(onlyRecent(scribe, 30))
	rig.agree(patience)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestLiveCountersComeBackWhenRedisLosesThem(t *testing.T) {
	rig := newRig(t, startStores(t), "forgetful")
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 200)), time.Now())
	rig.write(scribe.entries(150))
	rig.start("workers", nil)
	rig.agree(patience)
	if err := rig.redis.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	rig.agree(patience)
}

// TestALossInTheMiddleOfAPublicationIsSeen empties Redis after the worker has found its marker there.
func TestALossInTheMiddleOfAPublicationIsSeen(t *testing.T) {
	rig := newRig(t, startStores(t), "between")
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 250)), time.Now())
	rig.write(scribe.entries(150))
	var lose atomic.Bool
	rig.start("workers", func(c *aggregate.Config) {
		c.RewriteEvery = 100 * time.Millisecond
		c.Fault = func(effect string) error {
			if effect == "live" && lose.CompareAndSwap(true, false) {
				return rig.redis.FlushAll(context.Background()).Err()
			}
			return nil
		}
	})
	rig.agree(patience)
	lose.Store(true)
	until(t, "a publication after the loss", func() bool { return !lose.Load() })
	rig.agree(15 * time.Second)
}

func TestCompleteUntilFollowsTheClockAndNeverPassesWhatIsMissing(t *testing.T) {
	rig := newRig(t, startStores(t), "complete")
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 300)), time.Now())
	rig.write(onlyRecent(scribe, 50))
	rig.start("workers", nil)
	rig.agree(patience)
	read := func() (complete time.Time, dirty uint64) {
		row := rig.ch.QueryRow(t.Context(), store.CompleteUntil(rig.database, generation, partitions))
		if err := row.Scan(&complete, &dirty); err != nil {
			t.Fatal(err)
		}
		return complete, dirty
	}
	idle := time.Now()
	until(t, "complete_until of an idle log passing now", func() bool { complete, dirty := read(); return complete.After(idle) && dirty == 0 })
	var complete time.Time
	if err := rig.ch.QueryRow(t.Context(), store.CompleteUntil(rig.database, generation, partitions+1)).Scan(&complete, new(uint64)); err != nil {
		t.Fatal(err)
	}
	if complete.Unix() != 0 {
		t.Errorf("complete until %v although a partition never reported", complete)
	}
}

// stopped waits until a partition is stopped under a condition.
func stopped(t *testing.T, conditions <-chan aggregate.Condition, want aggregate.Condition) {
	t.Helper()
	select {
	case got := <-conditions:
		if got != want {
			t.Errorf("stopped under %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Errorf("no partition was stopped, want %q", want)
	}
}

func telling(to chan aggregate.Condition) func(*aggregate.Config) {
	return func(c *aggregate.Config) {
		c.OnCondition = func(_ event.SrcPart, condition aggregate.Condition) {
			select {
			case to <- condition:
			default:
			}
		}
	}
}

func TestARecordOfANewerFormatStopsItsPartitionAlone(t *testing.T) {
	rig := newRig(t, startStores(t), "newer")
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 400)), time.Now())
	rig.write(scribe.entries(60))
	newer, err := (&event.Event{Format: event.Format + 1}).MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	blocked := &kgo.Record{Topic: rig.topics.Events(generation), Partition: 0, Value: newer}
	if err := rig.kafka.ProduceSync(t.Context(), blocked).FirstErr(); err != nil {
		t.Fatal(err)
	}
	conditions := make(chan aggregate.Condition, 1)
	rig.start("workers", telling(conditions))
	stopped(t, conditions, aggregate.ConditionNeedsUpgrade)
	for range 40 {
		e := scribe.entry()
		if e.at.Partition() == 1 {
			rig.write([]entry{e})
		}
	}
	rig.agree(patience) // all before the record, and all of the other partition
	rig.deadLettersAreNamed()
}

func TestALogThatLostRecordsStopsAndIsNeverSkipped(t *testing.T) {
	tests := map[string]struct {
		harm func(t *testing.T, r *rig, admin *kadm.Client)
		want aggregate.Condition
	}{
		"the log was truncated above the load position": {
			harm: func(t *testing.T, r *rig, admin *kadm.Client) {
				r.write(onlyRecent(newScribe(rand.New(rand.NewPCG(2, 2)), time.Now()), 200))
				r.records = nil
				ends, err := admin.ListEndOffsets(t.Context(), r.topics.Events(generation))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := admin.DeleteRecords(t.Context(), ends.Offsets()); err != nil {
					t.Fatal(err)
				}
			},
			want: aggregate.ConditionLogTruncated,
		},
		"the topic was made again": {
			harm: func(t *testing.T, r *rig, admin *kadm.Client) {
				if _, err := admin.DeleteTopic(t.Context(), r.topics.Events(generation)); err != nil {
					t.Fatal(err)
				}
				if _, err := admin.CreateTopic(t.Context(), partitions, 1, nil, r.topics.Events(generation)); err != nil {
					t.Fatal(err)
				}
			},
			want: aggregate.ConditionTopicReplaced,
		},
	}
	s, n := startStores(t), 0
	for name, test := range tests {
		n++
		prefix := "lost" + string(rune('0'+n))
		t.Run(name, func(t *testing.T) {
			rig := newRig(t, s, prefix)
			rig.write(onlyRecent(newScribe(rand.New(rand.NewPCG(1, 1)), time.Now()), 40))
			_, stop := rig.start("workers", nil)
			rig.agree(patience)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			test.harm(t, rig, kadm.NewClient(rig.kafka))
			conditions := make(chan aggregate.Condition, 1)
			rig.start("workers", telling(conditions))
			stopped(t, conditions, test.want)
		})
	}
}

func TestARecordTooLargeForADeadLetterStopsNobody(t *testing.T) {
	rig := newRig(t, startStores(t), "large")
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 500)), time.Now())
	rig.write(scribe.entries(30))
	// As large as a client sends: with the headers of a dead letter it would be larger.
	rig.write([]entry{{at: event.NewSrcPart(generation, 1), value: bytes.Repeat([]byte("x"), 1_000_012-100), reason: "Poison"}})
	rig.write(scribe.entries(30))
	rig.start("workers", nil)
	rig.agree(20 * time.Second)
	rig.deadLettersAreNamed()
}
