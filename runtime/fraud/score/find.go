package score

import (
	"iter"
	"math/bits"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

// findings are the reasons that hold for a click, a bit for each.
type findings uint32

func (f *findings) add(r event.Reason) { *f |= 1 << r }

func (f *findings) len() int { return bits.OnesCount32(uint32(*f)) }

// all yields the reasons in the order of their codes.
func (f *findings) all() iter.Seq[event.Reason] {
	return func(yield func(event.Reason) bool) {
		for rest := uint32(*f); rest != 0; rest &= rest - 1 {
			if !yield(event.Reason(bits.TrailingZeros32(rest))) {
				return
			}
		}
	}
}

// find returns the reasons that hold under the policy. One without points is switched off and does
// not appear; RateLimited is a mark and always does.
func (p *Policy) find(s *signal.Signals, denied bool) (f findings) {
	p.addIf(&f, event.Reason_REASON_IP_DENIED, denied)
	p.addIf(&f, event.Reason_REASON_IP_VELOCITY, s.Has(signal.DegradedAddress) && p.ipVelocity.exceeded(&s.IPClicks))
	p.addIf(&f, event.Reason_REASON_DEVICE_VELOCITY,
		s.DeviceStrong && s.Has(signal.DegradedDevice) && p.deviceVelocity.exceeded(&s.DeviceClicks))
	p.addIf(&f, event.Reason_REASON_CLICK_TOO_FAST,
		s.ImpressionSeen && s.Has(signal.DegradedImpression) && s.ImpressionToClickMs < p.tooFastMs)
	p.addIf(&f, event.Reason_REASON_REFERRER_INVALID, s.ReferrerOutside && s.Has(signal.DegradedReferrer))
	p.addIf(&f, event.Reason_REASON_GEO_DENIED, s.CountryOutside && s.Has(signal.DegradedCountry))
	if reason := agentReason(s.UserAgentClass); reason != 0 {
		p.addIf(&f, reason, true)
	}
	if s.RateLimited {
		f.add(event.Reason_REASON_RATE_LIMITED)
	}
	return f
}

func (p *Policy) addIf(f *findings, reason event.Reason, holds bool) {
	if holds && p.points[reason] > 0 {
		f.add(reason)
	}
}

// exceeded reports whether more clicks than the rule allows lie in its window. A window that was not
// counted says nothing.
func (v velocity) exceeded(counts *signal.Counts) bool {
	if v.windowS == 0 {
		return false
	}
	clicks, ok := counts.In(v.windowS)
	return ok && clicks > v.count
}

func agentReason(class event.UserAgentClass) event.Reason {
	switch class {
	case event.UserAgentClass_USER_AGENT_CLASS_MISSING:
		return event.Reason_REASON_USER_AGENT_MISSING
	case event.UserAgentClass_USER_AGENT_CLASS_BOT:
		return event.Reason_REASON_USER_AGENT_BOT
	case event.UserAgentClass_USER_AGENT_CLASS_PREVIEW:
		return event.Reason_REASON_USER_AGENT_PREVIEW
	case event.UserAgentClass_USER_AGENT_CLASS_NON_BROWSER:
		return event.Reason_REASON_USER_AGENT_NON_BROWSER
	}
	return 0
}

func (p *Policy) denies(s *signal.Signals, now int64) bool { return listed(&p.deny, s, now) }

func (p *Policy) allows(s *signal.Signals, now int64) bool { return listed(&p.allow, s, now) }

func listed(l *list, s *signal.Signals, now int64) bool {
	return s.Has(signal.DegradedAddress) && l.holds(s.Address.Unmap(), now)
}
