// Package redirect decides where a click goes (design 8). It is pure: the same request gives the same
// decision in a tracker, in `clicktally explain` and in a campaign's tests.
package redirect

import (
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/score"
)

// Request is everything a decision looks at.
type Request struct {
	Tracker  *catalog.Tracker
	Campaign *catalog.Campaign // nil when the id is unknown

	LandingPage string           // lp_id as the link states it
	Offer       string           // offer_id as the link states it
	Country     string           // ISO 3166-1 alpha-2, empty when unknown
	Device      event.DeviceType // what the user agent presents (agent.Agent.Presents)
	// Visitor makes splits sticky: any bytes that are the same for the same visitor. For a visitor who
	// cannot be told apart it is the click's own id.
	Visitor []byte

	Status  event.Status  // the band of the score
	Actions score.Actions // score.StricterActions of the tracker's and the campaign's policy
	Crawler bool          // signal.Signals.DeclaredCrawler: routed like a visitor, whatever its score
	Now     int64         // ms since the epoch
}

// Decision is where a click goes and how it counts.
type Decision struct {
	Destination  *catalog.Template // never nil
	Disposition  event.Disposition
	ClosedReason string // Closed..., with disposition Closed
	LandingPage  string // id of the landing page used
	Offer        string // id of the offer used
	Rule         string // name of the routing rule used
	AddClickID   bool   // the campaign is in state Test: AppendURL adds click_id

	Step               Step
	Page               Page
	LandingPageIgnored bool // lp_id was stated, and is unknown or inactive
	OfferIgnored       bool // offer_id was stated, and is unknown or inactive

	status  event.Status
	crawler bool
}

// Decide follows the order of design 8: unknown, closed, lp_id, offer_id, score in band, invalid.
func Decide(r *Request) Decision {
	if r.Campaign == nil || !serves(r.Tracker, r.Campaign) {
		d := Decision{Disposition: event.Disposition_DISPOSITION_ORPHAN, Step: StepUnknown}
		return d.to(PageFallback, r.Tracker.Fallback)
	}
	c := r.Campaign
	test := c.GetState() == catalogpb.CampaignState_CAMPAIGN_STATE_TEST
	d := Decision{AddClickID: test, status: r.Status, crawler: r.Crawler}
	if reason := closed(c, r.Now); reason != "" {
		d.Disposition, d.Step, d.ClosedReason = event.Disposition_DISPOSITION_CLOSED, StepClosed, reason
		return d.first(r.Tracker, choice{PageOverflow, c.Overflow}, choice{PageSafe, c.SafePage})
	}
	d.Disposition = event.Disposition_DISPOSITION_ROUTED
	if test {
		d.Disposition = event.Disposition_DISPOSITION_TEST
	}
	if page := active(c.Pages, r.LandingPage, &d.LandingPageIgnored); page != nil {
		d.Step, d.LandingPage = StepLandingPage, page.ID
		return d.to(PageLanding, page.URL)
	}
	if page := active(c.Offers, r.Offer, &d.OfferIgnored); page != nil {
		d.Step, d.Offer = StepOffer, page.ID
		return d.to(PageOffer, page.URL)
	}
	if !r.reachesOffer() {
		d.Step = StepSafePage
		return d.first(r.Tracker, choice{PageSafe, c.SafePage})
	}
	if d.route(r) {
		return d
	}
	d.Step = StepOfferPage
	return d.first(r.Tracker, choice{PageOfferPage, c.OfferPage}, choice{PageSafe, c.SafePage})
}

// serves reports whether the campaign names the tracker and the tracker admits it: the compiler lists
// exactly those.
func serves(t *catalog.Tracker, c *catalog.Campaign) bool {
	for _, key := range c.GetTrackers() {
		n := len(t.GetNamespace())
		if len(key) > n && key[:n] == t.GetNamespace() && key[n] == '/' && key[n+1:] == t.GetName() {
			return true
		}
	}
	return false
}

// closed returns why the campaign takes no clicks at now, empty when it does.
func closed(c *catalog.Campaign, now int64) string {
	switch state := c.GetState(); {
	case state != catalogpb.CampaignState_CAMPAIGN_STATE_ACTIVE && state != catalogpb.CampaignState_CAMPAIGN_STATE_TEST:
		return ClosedPaused
	case now < c.GetFromMs():
		return ClosedNotStarted
	case c.GetToMs() != 0 && now >= c.GetToMs():
		return ClosedEnded
	}
	return ""
}

// active returns the page a link asks for, nil when it asks for none; ignored says that it asks for
// one that is unknown or inactive.
func active(pages map[string]*catalog.Page, id string, ignored *bool) *catalog.Page {
	if id == "" {
		return nil
	}
	if page := pages[id]; page != nil && page.Active {
		return page
	}
	*ignored = true
	return nil
}

// reachesOffer reports whether the score lets the click through to routing and offer page.
func (r *Request) reachesOffer() bool {
	if r.Crawler {
		return true
	}
	switch r.Status {
	case event.Status_STATUS_SUSPICIOUS:
		return r.Actions.Suspicious == catalogpb.Action_ACTION_OFFER_PAGE
	case event.Status_STATUS_FRAUDULENT:
		return r.Actions.Fraudulent == catalogpb.Action_ACTION_OFFER_PAGE
	}
	return true
}

// choice is a page that a campaign may have.
type choice struct {
	page Page
	url  *catalog.Template // nil when it has none
}

// first decides for the first page there is, else for the tracker's fallback.
func (d *Decision) first(t *catalog.Tracker, choices ...choice) Decision {
	for _, c := range choices {
		if c.url != nil {
			return d.to(c.page, c.url)
		}
	}
	return d.to(PageFallback, t.Fallback)
}

func (d *Decision) to(page Page, url *catalog.Template) Decision {
	d.Page, d.Destination = page, url
	return *d
}
