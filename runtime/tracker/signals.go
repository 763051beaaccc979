package tracker

import (
	"net/url"

	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
	"github.com/clicktally/clicktally/runtime/fraud/velocity"
)

// gather collects the facts of a click and counts it in the sliding windows. With look it counts
// nothing: a HEAD request is no click.
func (t *Tracker) gather(s *visit, look bool) {
	g := &s.signals
	g.Address = s.client.addr
	g.UserAgentClass = s.client.agent.Class
	g.DeviceStrong = s.hasDevice
	if !g.Address.IsValid() {
		g.Degraded |= signal.DegradedAddress
	}
	if !s.hasDevice {
		g.Degraded |= signal.DegradedDevice
	}
	s.outside()
	t.sinceImpression(s)
	if look {
		return
	}
	campaignID := ""
	if s.campaign != nil {
		campaignID = s.campaign.GetId()
	}
	scope := velocity.ScopeOf(campaignID)
	for _, p := range s.policies() {
		if w := p.IPWindow(); w > 0 && g.Address.IsValid() {
			if _, counted := g.IPClicks.In(w); !counted {
				g.IPClicks.Add(w, t.addresses.Hit(velocity.Address(scope, g.Address), w, s.now))
			}
		}
		if w := p.DeviceWindow(); w > 0 && s.hasDevice {
			if _, counted := g.DeviceClicks.In(w); !counted {
				g.DeviceClicks.Add(w, t.devices.Hit(velocity.Device(scope, s.device), w, s.now))
			}
		}
	}
}

// policies are all that will judge the click.
func (s *visit) policies() []*score.Policy {
	list := make([]*score.Policy, 0, 2+len(s.view.shadows))
	list = append(list, s.view.policy)
	if own := s.view.campaignPolicy(s.campaign); own != nil {
		list = append(list, own)
	}
	return append(list, s.view.shadows...)
}

// outside compares with the campaign's targeting. A click without a referrer, or from an unknown
// country, cannot be judged by it.
func (s *visit) outside() {
	if s.campaign == nil {
		return
	}
	if !s.campaign.Referrers.Empty() {
		if u, err := url.Parse(s.client.referer); err == nil && u.Hostname() != "" {
			s.signals.ReferrerOutside = !s.campaign.Referrers.Match(u.Hostname())
		} else {
			s.signals.Degraded |= signal.DegradedReferrer
		}
	}
	if len(s.campaign.GetCountries()) > 0 {
		s.signals.Degraded |= signal.DegradedCountry
	}
}

// impressionKeys are the ways in which an impression and the click on it know their visitor.
func (s *visit) impressionKeys() (keys [3]velocity.ImpressionKey, n int) {
	cid, ad := s.link.cid, s.link.adID
	if s.hasUser {
		keys[n] = velocity.OfVisitor(cid, ad, s.user[:])
		n++
	}
	if s.hasDevice {
		keys[n] = velocity.OfVisitor(cid, ad, s.device[:])
		n++
	}
	if s.client.addr.IsValid() {
		keys[n] = velocity.OfClient(cid, ad, s.client.addr, s.client.userAgent)
		n++
	}
	return keys, n
}

// sinceImpression looks for the visitor's last impression of the ad, by the surest key first.
func (t *Tracker) sinceImpression(s *visit) {
	keys, n := s.impressionKeys()
	if n == 0 {
		s.signals.Degraded |= signal.DegradedImpression
	}
	for _, key := range keys[:n] {
		if ms, seen := t.impressions.Since(key, s.now); seen {
			s.signals.ImpressionToClickMs, s.signals.ImpressionSeen = ms, true
			return
		}
	}
}

// remember keeps the impression for the click that may follow.
func (t *Tracker) remember(s *visit) {
	keys, n := s.impressionKeys()
	for _, key := range keys[:n] {
		t.impressions.Saw(key, s.now)
	}
}
