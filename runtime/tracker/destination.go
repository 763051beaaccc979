package tracker

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// expand writes the destination for the event's click id, and what goes with it, into s.url.
func (s *visit) expand(clickID, host string) {
	e := &s.event
	to := link.Destination{
		Link: &s.link, Decision: &s.decision, ClickID: clickID,
		Country: e.Country, Device: s.client.agent.Presents.Name(),
	}
	if clickID != "" && s.decision.Destination.Uses("out") {
		to.Next = s.nextStep(clickID, host)
	}
	s.url = to.AppendURL(s.url[:0])
	e.Destination = string(s.url)
	e.LpId = cmp.Or(s.decision.LandingPage, e.LpId)
	e.OfferId = cmp.Or(s.decision.Offer, e.OfferId)
}

// nextStep is {out}: the link from a landing page on to the offer, under the same click. It carries
// the campaign and what counts its clicks, because a click id alone says neither.
func (s *visit) nextStep(clickID, host string) string {
	e := &s.event
	values := url.Values{"cid": {e.CampaignId}, "clickid": {clickID}}
	for name, value := range map[string]string{"ad_id": e.AdId, "pub_id": e.PublisherId, "ts_id": e.TsId} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return s.view.base(host) + "/v1/out?" + values.Encode()
}

// base is where this tracker is reached: the domain that was asked, when it is one of its own, else
// its first. On a laptop it is the loopback address that was asked.
func (v *view) base(host string) string {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	switch {
	case name == "localhost", err == nil && addr.IsLoopback():
		return "http://" + host
	case v.domains[strings.ToLower(name)]:
		return "https://" + strings.ToLower(name)
	case len(v.tracker.GetDomains()) > 0:
		return "https://" + v.tracker.GetDomains()[0]
	}
	return ""
}
