package heartbeats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestWhatWaitsInJournals(t *testing.T) {
	away := func(boot uint64, since time.Time, waiting ...uint64) *event.Heartbeat {
		h := &event.Heartbeat{Pod: "eu-3", BootId: boot, JournalBytes: 12 << 20, JournalCapacity: 100 << 20}
		if !since.IsZero() {
			h.LogAwaySince = since.UnixMilli()
		}
		for i, n := range waiting {
			h.Partitions = append(h.Partitions, &event.PartitionProgress{SrcPart: uint32(i), Journaled: n})
		}
		return h
	}
	earlier := func(boot, waiting uint64) *event.Heartbeat {
		return &event.Heartbeat{Pod: "eu-3", BootId: boot, JournalCapacity: 100 << 20, Partitions: []*event.PartitionProgress{{Journaled: waiting}}}
	}
	for sentence, c := range map[string]struct {
		beats []*event.Heartbeat
		want  []Backlog
	}{
		"a log that acknowledges is no news, whatever the journal holds for a moment": {
			[]*event.Heartbeat{away(1, time.Time{}, 7)}, nil,
		},
		"a log that is away is": {
			[]*event.Heartbeat{away(1, noon, 7, 5)},
			[]Backlog{{Pod: "eu-3", Since: noon, Waiting: 12, Bytes: 12 << 20, Capacity: 100 << 20}},
		},
		"what an earlier boot of the pod left counts with it": {
			[]*event.Heartbeat{earlier(1, 30), away(2, noon, 7)},
			[]Backlog{{Pod: "eu-3", Since: noon, Waiting: 37, Bytes: 12 << 20, Capacity: 100 << 20}},
		},
		"a log that is back has a backlog until the journal is shipped": {
			[]*event.Heartbeat{away(1, noon, 7), away(1, time.Time{}, 3)},
			[]Backlog{{Pod: "eu-3", Waiting: 3, Bytes: 12 << 20, Capacity: 100 << 20}},
		},
		"and then none": {
			[]*event.Heartbeat{away(1, noon, 7), away(1, time.Time{}, 3), away(1, time.Time{}), away(1, time.Time{}, 1)}, nil,
		},
	} {
		processes := table{}
		for _, h := range c.beats {
			processes.hear(h, noon)
		}
		if diff := cmp.Diff(c.want, processes.fleets()["eu"].Backlogs); diff != "" {
			t.Errorf("%s: %s", sentence, diff)
		}
	}
}

func TestWhetherVisitorsAreKnown(t *testing.T) {
	type beat struct {
		at            time.Duration
		known, hidden uint64
	}
	for sentence, c := range map[string]struct {
		beats []beat
		want  Addresses
	}{
		"nobody has come":                           {[]beat{{0, 0, 0}}, NoVisitors},
		"all are known":                             {[]beat{{0, 1000, 0}}, AllKnown},
		"one in a hundred is hidden":                {[]beat{{0, 99, 1}}, AllKnown},
		"two in a hundred are hidden":               {[]beat{{0, 98, 2}}, MostlyKnown},
		"one in ten is hidden":                      {[]beat{{0, 9, 1}}, MostlyHidden},
		"all are hidden":                            {[]beat{{0, 0, 5}}, MostlyHidden},
		"an edit shows after a minute":              {[]beat{{0, 0, 1000}, {window, 0, 2000}, {2 * window, 50, 2000}}, AllKnown},
		"and not sooner":                            {[]beat{{0, 0, 1000}, {window, 0, 2000}, {2*window - time.Second, 50, 2000}}, MostlyHidden},
		"a process that begins anew":                {[]beat{{0, 0, 1000}, {window, 0, 2000}, {2 * window, 40, 0}}, AllKnown},
		"a boot that is over says nothing of them":  {[]beat{{0, 9, 9}, {window, 0, 0}}, MostlyHidden},
		"a minute in which nobody came is no doubt": {[]beat{{0, 9, 0}, {window, 9, 0}, {2 * window, 9, 0}}, NoVisitors},
	} {
		processes := table{}
		for _, b := range c.beats {
			processes.hear(&event.Heartbeat{Pod: "eu-0", BootId: 1, AddressesKnown: b.known, AddressesHidden: b.hidden}, noon.Add(b.at))
		}
		if got := processes.fleets()["eu"].Addresses; got != c.want {
			t.Errorf("%s: %d, want %d", sentence, got, c.want)
		}
	}
}

func TestWeatherIsNewsWhenItChanges(t *testing.T) {
	fleet := func(change func(*Fleet)) map[string]Fleet {
		f := Fleet{Applied: []int64{5}, Addresses: AllKnown, Backlogs: []Backlog{{Pod: "eu-0", Since: noon, Waiting: 7}}}
		change(&f)
		return map[string]Fleet{"eu": f}
	}
	same := fleet(func(*Fleet) {})
	if !alike(same, fleet(func(f *Fleet) { f.Backlogs[0].Waiting, f.Applied = 9, []int64{5} })) {
		t.Error("a growing backlog alone is news")
	}
	for sentence, change := range map[string]func(*Fleet){
		"Kafka is back":       func(f *Fleet) { f.Backlogs = nil },
		"another pod is away": func(f *Fleet) { f.Backlogs[0].Pod = "eu-1" },
		"visitors are hidden": func(f *Fleet) { f.Addresses = MostlyHidden },
	} {
		if alike(same, fleet(change)) {
			t.Errorf("%s: is no news", sentence)
		}
	}
}
