package aggregate

import (
	"testing"
	"time"
)

func TestCompleteUntil(t *testing.T) {
	const slack = 5 * time.Second
	clean := func(_, limit int64) int64 { return limit }
	dirtyFrom := func(minute int64) func(int64, int64) int64 {
		return func(from, limit int64) int64 {
			if minute >= from && minute < limit {
				return minute
			}
			return limit
		}
	}
	tests := map[string]struct {
		until  time.Time
		probes []probe
		loaded uint64
		dirty  func(from, limit int64) int64
		want   time.Time
	}{
		"it stays while the load has not reached the end it saw": {
			until: noon, probes: []probe{{at: noon.Add(time.Minute), end: 10}}, loaded: 9, dirty: clean, want: noon,
		},
		"the load reached the end of the log, less the slack": {
			until: noon, probes: []probe{{at: noon.Add(time.Minute), end: 10}}, loaded: 10, dirty: clean, want: noon.Add(55 * time.Second),
		},
		"the last end that was reached counts": {
			until: noon, probes: []probe{{noon.Add(10 * time.Second), 5}, {noon.Add(20 * time.Second), 8}, {noon.Add(30 * time.Second), 12}},
			loaded: 8, dirty: clean, want: noon.Add(15 * time.Second),
		},
		"an idle partition moves on with the clock": {
			until: noon, probes: []probe{{noon.Add(time.Hour), 0}}, loaded: 0, dirty: clean, want: noon.Add(time.Hour - slack),
		},
		"a dirty minute holds it at its start": {
			until: noon, probes: []probe{{noon.Add(5 * time.Minute), 7}}, loaded: 7, dirty: dirtyFrom(noon.Add(2 * time.Minute).Unix()), want: noon.Add(2 * time.Minute),
		},
		"what comes late for a complete minute is a correction": {
			until: noon, probes: []probe{{noon.Add(time.Minute), 7}}, loaded: 7, dirty: dirtyFrom(noon.Add(-time.Hour).Unix()), want: noon.Add(55 * time.Second),
		},
		"it never goes back": {
			until: noon, probes: []probe{{noon.Add(-time.Minute), 7}}, loaded: 7, dirty: clean, want: noon,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := progress{until: test.until}
			for _, seen := range test.probes {
				p.seen(seen.end, seen.at)
			}
			p.advance(test.loaded, slack, test.dirty)
			if !p.until.Equal(test.want) {
				t.Errorf("complete until %v, want %v", p.until, test.want)
			}
		})
	}
}

func TestProbesAreBounded(t *testing.T) {
	var p progress
	for n := range 10 * maxProbes {
		p.seen(uint64(n), noon)
	}
	if len(p.probes) != maxProbes {
		t.Errorf("%d probes wait, at most %d may", len(p.probes), maxProbes)
	}
}
