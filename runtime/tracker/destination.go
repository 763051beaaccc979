package tracker

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
)

// expand writes the destination for the event's click id, and what goes with it, into s.url.
func (s *visit) expand(clickID, host string) {
	s.url = s.decision.AppendURL(s.url[:0], clickID, s.macro(clickID, host))
	s.url = appendPass(s.url, 0, s.link.pass[:s.link.npass])
	e := &s.event
	e.Destination = string(s.url)
	if s.decision.LandingPage != "" {
		e.LpId = s.decision.LandingPage
	}
	if s.decision.Offer != "" {
		e.OfferId = s.decision.Offer
	}
}

// macro gives the values that destinations may hold.
func (s *visit) macro(clickID, host string) func(string) (string, bool) {
	e := &s.event
	return func(name string) (string, bool) {
		switch name {
		case "cid":
			return e.CampaignId, true
		case "externalid":
			return e.ExternalId, true
		case "ad_id":
			return e.AdId, true
		case "pub_id":
			return e.PublisherId, true
		case "ts_id":
			return e.TsId, true
		case "lp_id":
			return s.decision.LandingPage, true
		case "offer_id":
			return s.decision.Offer, true
		case "source":
			return e.Source, true
		case "country":
			return e.Country, true
		case "device":
			return s.client.agent.Presents.Name(), true
		case "cost":
			if e.CostCurrency == "" {
				return "", false
			}
			return event.FormatMicros(e.CostMicros), true
		case "out":
			return s.nextStep(clickID, host), clickID != ""
		}
		if digits, ok := strings.CutPrefix(name, "sub"); ok {
			if n, err := strconv.Atoi(digits); err == nil && 0 < n && n <= len(e.Subs) {
				return e.Subs[n-1], true
			}
		}
		return "", false
	}
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
