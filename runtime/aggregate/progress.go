package aggregate

import "time"

// maxProbes bounds the log ends that wait to be reached by the load.
const maxProbes = 64

// probe is a log end seen at a time.
type probe struct {
	at  time.Time
	end uint64
}

// progress moves complete_until of one partition: a state machine over probes of the log's end.
type progress struct {
	until   time.Time // complete_until; it never goes back
	reached time.Time // everything logged until then is loaded
	probes  []probe
	written time.Time
}

// seen notes the log end. While the load is far behind, the oldest probes are enough.
func (p *progress) seen(end uint64, at time.Time) {
	if len(p.probes) < maxProbes {
		p.probes = append(p.probes, probe{at: at, end: end})
	}
}

// advance moves complete_until to the time at which the loaded prefix was all of the log, less the
// slack that an event may take from its time into the log, but not past a dirty minute. Minutes that
// were complete before and got something late hold nothing back: they are corrections.
func (p *progress) advance(loaded uint64, slack time.Duration, oldestDirty func(from, limit int64) int64) {
	for len(p.probes) > 0 && p.probes[0].end <= loaded {
		p.reached = p.probes[0].at
		p.probes = p.probes[1:]
	}
	candidate := p.reached.Add(-slack)
	if !candidate.After(p.until) {
		return
	}
	limit := candidate.Unix() + 1
	if dirty := oldestDirty(p.until.Truncate(time.Minute).Unix(), limit); dirty < limit {
		candidate = time.Unix(dirty, 0)
	}
	if !candidate.After(p.until) {
		return
	}
	p.until = candidate.UTC()
}
