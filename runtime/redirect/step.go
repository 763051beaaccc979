package redirect

// Step is the part of the order of design 8 that chose the destination.
type Step uint8

// The steps, in their order.
const (
	StepUnknown     Step = iota + 1 // no such campaign on this tracker
	StepClosed                      // not open
	StepLandingPage                 // lp_id
	StepOffer                       // offer_id
	StepRule                        // a routing rule
	StepOfferPage                   // no rule: the offer page, else the safe page
	StepSafePage                    // kept from the offer by its score
)

// Page is the kind of a destination.
type Page uint8

// The kinds of destinations. Every one but the fallback, which is the tracker's, is the campaign's.
const (
	PageFallback Page = iota + 1
	PageOverflow
	PageSafe
	PageLanding
	PageOffer
	PageOfferPage
)

// Reasons why a campaign is not open, as Event.closed_reason states them.
const (
	ClosedPaused     = "Paused"
	ClosedNotStarted = "NotStarted" // before schedule.from
	ClosedEnded      = "Ended"      // at or after schedule.to
)
