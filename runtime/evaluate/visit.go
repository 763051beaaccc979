// Package evaluate takes one click through what a tracker does with it, without a tracker: the
// compiled catalog, the scoring and the redirect code are the tracker's own. `clicktally lint` and the
// operator run a campaign's tests by it, and `clicktally explain` tells a person what happens and why.
package evaluate

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/agent"
	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// Visit is a visitor's click with what a tracker would know of it. Nothing is looked up: what is left
// out is unknown.
type Visit struct {
	Query     string // of the click URL, such as cid=spring-sale&sub1=x
	UserAgent string
	Referrer  string
	Country   string     // ISO 3166-1 alpha-2
	Address   netip.Addr // invalid when unknown
	Now       int64      // ms since the epoch

	// IPClicks and DeviceClicks are the clicks of the address and of the device on the campaign within
	// each policy's window, this one included; 0 counts as 1.
	IPClicks, DeviceClicks uint32
	// SinceImpressionMs is the time since the visitor saw the ad; nil when no impression is known.
	SinceImpressionMs *uint32
}

// query reads the query. A question mark or a whole URL in front of it is forgiven: people paste links.
func (v *Visit) query() *link.Query {
	raw := v.Query
	if _, query, ok := strings.Cut(raw, "?"); ok {
		raw = query
	}
	q := &link.Query{}
	q.Parse(raw)
	return q
}

// signals gathers the facts as a tracker does; what a tracker remembers, the visit states.
func (v *Visit) signals(c *catalog.Campaign, l *link.Link, who agent.Agent, policies ...*score.Policy) signal.Signals {
	s := signal.Of(&signal.Request{
		Address: v.Address.Unmap().WithZone(""), UserAgentClass: who.Class, DeviceStated: l.DeviceID != "",
		Campaign: c, Referrer: event.Clip(v.Referrer, event.MaxReferer), Country: v.Country,
	})
	for _, p := range policies {
		if p == nil {
			continue
		}
		if w := p.IPWindow(); w > 0 && s.Address.IsValid() {
			s.IPClicks.Add(w, max(v.IPClicks, 1))
		}
		if w := p.DeviceWindow(); w > 0 && s.DeviceStrong {
			s.DeviceClicks.Add(w, max(v.DeviceClicks, 1))
		}
	}
	switch {
	case v.SinceImpressionMs != nil:
		s.ImpressionSeen, s.ImpressionToClickMs = true, *v.SinceImpressionMs
	case !s.Address.IsValid() && l.UserID == "" && l.DeviceID == "":
		s.Degraded |= signal.DegradedImpression // there is nobody to have seen an ad
	}
	return s
}

// visitor is what makes a split sticky. A tracker hashes the same facts with a key of its own, so the
// share of a split that a visitor gets is not known here.
func (v *Visit) visitor(l *link.Link) []byte {
	stated := cmp.Or(l.UserID, l.DeviceID)
	return []byte(cmp.Or(stated, v.Address.String()+" "+v.UserAgent))
}
