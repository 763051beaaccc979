// Package signal holds the facts of one click that scoring looks at (design 7). They are gathered
// once, at the click, and stored with it, so that any policy can be replayed over them.
package signal

import (
	"net/netip"

	"github.com/clicktally/clicktally/runtime/event"
)

// MaxWindows bounds the velocity windows of one click: one of the tracker's policy, one of the
// campaign's and four of the shadows.
const MaxWindows = 6

// Degraded are bits that name facts which could not be had. Such a fact makes no points. The bits
// are stored with every click, so their meaning never changes.
type Degraded uint32

const (
	// DegradedAddress says that the client address is unknown: no deny or allow list, no IP velocity.
	DegradedAddress Degraded = 1 << iota
	// DegradedDevice says that the device cannot be told apart: no device velocity.
	DegradedDevice
	// DegradedImpression says that the last impression could not be looked up: no ClickTooFast.
	DegradedImpression
	// DegradedCountry says that the country is unknown: no GeoDenied.
	DegradedCountry
	// DegradedReferrer says that the referrer cannot be judged: no ReferrerInvalid.
	DegradedReferrer
)

// Signals are the facts of one click. The zero value knows nothing and makes no points; what should
// have been known and is not is named in Degraded.
type Signals struct {
	Address      netip.Addr // the client's; invalid when it is unknown
	IPClicks     Counts     // per (campaign, IPv4 address or IPv6 /64)
	DeviceClicks Counts     // per (campaign, device)
	DeviceStrong bool       // the device id was stated: it says more than address and agent

	// ImpressionToClickMs is the time since the last impression of the same ad to the same visitor.
	// It is a fact only with ImpressionSeen.
	ImpressionToClickMs uint32
	ImpressionSeen      bool

	UserAgentClass  event.UserAgentClass
	ReferrerOutside bool // the campaign lists referrer hosts and this one is not among them
	CountryOutside  bool // the campaign lists countries and this one is not among them
	RateLimited     bool // over a limit; a mark that makes no points
	Degraded        Degraded
}

// Has reports whether a fact could be had.
func (s *Signals) Has(fact Degraded) bool { return s.Degraded&fact == 0 }

// DeclaredCrawler reports whether the click comes from a crawler or a link preview that says what it
// is. It is never billed and is routed like a visitor, whatever its score: what it sees is what
// people see.
func (s *Signals) DeclaredCrawler() bool {
	return s.UserAgentClass == event.UserAgentClass_USER_AGENT_CLASS_BOT ||
		s.UserAgentClass == event.UserAgentClass_USER_AGENT_CLASS_PREVIEW
}
