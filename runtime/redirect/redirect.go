// Package redirect decides where a click goes. It is pure: the same request gives the same decision
// in the tracker, in `clicktally explain` and in a campaign's tests.
package redirect

import (
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/score"
)

// Request is everything a decision looks at.
type Request struct {
	Tracker  *catalog.Tracker
	Campaign *catalog.Campaign // nil when the id is unknown

	LandingPage string           // lp_id as the link states it
	Offer       string           // offer_id as the link states it
	Source      string           // ts_id as the link states it
	Country     string           // ISO 3166-1 alpha-2, empty when unknown
	Device      event.DeviceType // what the user agent presents (agent.Agent.Presents)
	// Visitor makes splits sticky: any bytes that are the same for the same visitor. When the visitor
	// cannot be told apart it is the click's own id.
	Visitor []byte

	Status  event.Status
	Actions score.Actions // score.StricterActions of the tracker's and the campaign's policy
	Crawler bool          // signal.Signals.DeclaredCrawler: routed like a visitor
	Now     int64         // ms since the epoch
}

// Step is the part of the order of design 8 that chose the destination.
type Step uint8

// The steps, in their order.
const (
	StepUnknown     Step = iota + 1 // no such campaign on this tracker
	StepClosed                      // not open
	StepLandingPage                 // lp_id
	StepOffer                       // offer_id
	StepRule                        // a routing rule
	StepOfferPage                   // the campaign's offer page, or its safe page when it has none
	StepSafePage                    // kept from the offer by its score
)

// Reasons why a campaign is not open, as Event.closed_reason states them.
const (
	ClosedPaused     = "Paused"
	ClosedNotStarted = "NotStarted" // before schedule.from
	ClosedEnded      = "Ended"      // at or after schedule.to
)

// Decision is where a click goes and how it counts.
type Decision struct {
	Destination  *catalog.Template // never nil
	Disposition  event.Disposition
	ClosedReason string // with disposition Closed
	LandingPage  string // used
	Offer        string // used
	Rule         string // routing rule used
	AddClickID   bool   // the campaign is in state Test: AppendURL adds click_id

	Step               Step
	LandingPageIgnored bool // lp_id was stated and is unknown or inactive
	OfferIgnored       bool // offer_id was stated and is unknown or inactive
	page               page
	status             event.Status
}

// page is which of the configured pages the destination is, for Explain.
type page uint8

// Decide follows the order of design 8.
func Decide(r *Request) Decision { return Decision{Destination: r.Tracker.Fallback} }

// Explain says in one line why the destination was chosen.
func (d *Decision) Explain() string { return "" }

// MaxDestination bounds an expanded URL in bytes.
const MaxDestination = 8192

// AppendURL appends the destination with its macros expanded, and click_id added in state Test. The
// result is never empty, keeps the template's host, and has at most MaxDestination bytes: a longer one
// keeps {clickid} as its only value.
func (d *Decision) AppendURL(dst []byte, clickID string, values func(macro string) (string, bool)) []byte {
	return d.Destination.Expand(dst, values)
}
