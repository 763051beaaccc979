package signal

import "github.com/clicktally/clicktally/runtime/event"

// Proto returns the facts as the event stores them. The address is the event's own field, as far as
// the privacy policy keeps it, and RateLimited is a reason of the verdict.
func (s *Signals) Proto() *event.Signals {
	p := &event.Signals{
		IpClicks:        windowCounts(&s.IPClicks),
		DeviceClicks:    windowCounts(&s.DeviceClicks),
		DeviceStrong:    s.DeviceStrong,
		UserAgentClass:  s.UserAgentClass,
		Degraded:        uint32(s.Degraded),
		ReferrerOutside: s.ReferrerOutside,
		CountryOutside:  s.CountryOutside,
	}
	if s.ImpressionSeen {
		p.ImpressionToClickMs = new(s.ImpressionToClickMs)
	}
	return p
}

func windowCounts(counts *Counts) []*event.WindowCount {
	if counts.n == 0 {
		return nil
	}
	values := make([]event.WindowCount, counts.n)
	list := make([]*event.WindowCount, counts.n)
	for i, c := range counts.All() {
		values[i].WindowS, values[i].Count = c.WindowS, c.Clicks
		list[i] = &values[i]
	}
	return list
}
