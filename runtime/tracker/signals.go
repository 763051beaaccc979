package tracker

import (
	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
	"github.com/clicktally/clicktally/runtime/fraud/velocity"
)

// gather collects the facts of a click and counts it in the sliding windows. With look it counts
// nothing: a HEAD request is no click.
func (t *Tracker) gather(s *visit, look bool) {
	s.signals = signal.Of(&signal.Request{
		Address: s.client.addr, UserAgentClass: s.client.agent.Class, DeviceStated: s.hasDevice,
		Campaign: s.campaign, Referrer: s.client.referer,
	})
	t.sinceImpression(s)
	if look {
		return
	}
	g := &s.signals
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

// impressionKeys are the ways in which an impression and the click on it know their visitor.
func (s *visit) impressionKeys() (keys [3]velocity.ImpressionKey, n int) {
	cid, ad := s.link.CampaignID, s.link.AdID
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
