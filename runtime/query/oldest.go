package query

import (
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

// withOldest says from when on the request reads minutes: those before have expired or soon will, and quarter-hours
// say the same. A range that begins or ends inside one of these is widened to whole ones, as it is to whole minutes; a
// request for minutes reads none.
func (s *Server) withOldest(r statsRequest) statsRequest {
	if r.granularity == "minute" {
		return r
	}
	r.oldest = ceilQuarter(s.config.Now().AddDate(0, 0, -s.rawDays()).UTC())
	if r.from.Before(r.oldest) {
		r.from = r.from.Truncate(store.QuarterLength)
	}
	if r.to.Before(r.oldest) {
		r.to = ceilQuarter(r.to)
	}
	return r
}

// rawDays is for how long minutes are kept.
func (s *Server) rawDays() int {
	days := 0
	if c := s.config.Catalog(); c != nil {
		days = int(c.Pipeline().GetRawDays())
	}
	return store.Retention{RawDays: days}.WithDefaults().RawDays
}

func ceilQuarter(t time.Time) time.Time {
	whole := t.Truncate(store.QuarterLength)
	if whole.Before(t) {
		return whole.Add(store.QuarterLength)
	}
	return whole
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
