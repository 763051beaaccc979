package aggregate

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

func TestTheLiveHalfStartsAtTheFirstRecordOfItsPanes(t *testing.T) {
	tests := map[string]struct {
		logStart, since int64
		loaded          *store.Loaded
		want            liveFrom
	}{
		"at the first manifest that touches an open pane": {
			loaded: &store.Loaded{Position: 100, LiveFrom: 40}, since: 90, want: liveFrom{offset: 40},
		},
		"where none does, at the load position": {
			loaded: &store.Loaded{Position: 100, LiveFrom: 100}, since: 60, want: liveFrom{offset: 100},
		},
		"but it does not read a backlog of the load": {
			loaded: &store.Loaded{Position: 100, LiveFrom: 100}, since: 5000, want: liveFrom{offset: 5000},
		},
		"what the log no longer holds makes its panes partial": {
			logStart: 50, loaded: &store.Loaded{Position: 100, LiveFrom: 40}, want: liveFrom{offset: 50, partial: true},
		},
		"without ClickHouse it looks back by time": {since: 70, want: liveFrom{offset: 70}},
		"and a look-back that ends at a cut log is partial": {
			logStart: 70, since: 70, want: liveFrom{offset: 70, partial: true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := liveStart(test.logStart, test.since, test.loaded); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestALogThatIsNotTheLoadedOneStopsThePartition(t *testing.T) {
	mine, other := [16]byte{1}, [16]byte{2}
	at, log := topicPartition{topic: "t"}, newLogState(noon)
	log.topicIDs["t"], log.start[at], log.end[at] = mine, 10, 50
	tests := map[string]struct {
		id       [16]byte
		position int64
		want     Condition
	}{
		"the same log":                            {mine, 30, ConditionNone},
		"a log that was never loaded":             {[16]byte{}, 10, ConditionNone},
		"another topic id":                        {other, 30, ConditionTopicReplaced},
		"the log begins above the load position":  {mine, 9, ConditionLogTruncated},
		"a log cut before it was ever loaded":     {[16]byte{}, 0, ConditionLogTruncated},
		"the log ends below the load position":    {mine, 51, ConditionLogRewound},
		"the load position is the end of the log": {mine, 50, ConditionNone},
		"the load position is its first record":   {mine, 10, ConditionNone},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := checkLog(log, at, test.id, test.position); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// listed is Kafka's answer for partition 0 alone.
func listed(offset int64, err error) kadm.ListedOffsets {
	return kadm.ListedOffsets{"t": {0: {Topic: "t", Partition: 0, Offset: offset, Err: err}}}
}

func TestAPartitionWithoutALeaderIsNoRewoundLog(t *testing.T) {
	healthy, leaderless := listed(40, nil), listed(-1, kerr.LeaderNotAvailable)
	tests := map[string]struct{ starts, ends, since kadm.ListedOffsets }{
		"its start is unknown":     {leaderless, healthy, healthy},
		"its end is unknown":       {healthy, leaderless, healthy},
		"its look-back is unknown": {healthy, healthy, leaderless},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			log := newLogState(noon)
			log.take(test.starts, test.ends)
			log.lookBack(test.since)
			w := &worker{cfg: Config{Log: slog.New(slog.DiscardHandler), OnCondition: func(event.SrcPart, Condition) {}}, metrics: newMetrics(prometheus.NewRegistry())}
			at := topicPartition{topic: "t"}
			p := &partition{topicPartition: at, liveNext: -1}
			w.open(p, log, &store.Loaded{Position: 40, LiveFrom: 40}, 0)
			if p.stopped != ConditionNone || p.liveNext >= 0 {
				t.Errorf("stopped under %q, reads from %d; want it asked again", p.stopped, p.liveNext)
			}
			p = &partition{topicPartition: at, known: true, loaded: 40, loadNext: 40, liveNext: 40, panes: newPanes(0, 1, 1, 0), minutes: newSchedule(pace{}, nil)}
			w.partitions = map[event.SrcPart]*partition{0: p}
			if w.probed(log); p.stopped != ConditionNone {
				t.Errorf("a probe stopped it under %q", p.stopped)
			}
		})
	}
}

func TestTheLookBackNeverPassesTheEndThatWasSeenBefore(t *testing.T) {
	log := newLogState(noon)
	log.take(listed(0, nil), listed(40, nil))
	log.lookBack(listed(43, nil)) // nothing was young enough; then three records came, and Kafka was asked for the end
	if got := log.since[topicPartition{topic: "t"}]; got != 40 {
		t.Errorf("the live half would begin at %d, want 40: the three records belong to open panes", got)
	}
}
