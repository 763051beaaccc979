package redirect

import (
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
)

// Explain says in one line where the click goes and why, then what of the link was ignored.
func (d *Decision) Explain() string {
	var b strings.Builder
	b.WriteString(d.where())
	b.WriteString(": ")
	b.WriteString(d.why())
	if d.LandingPageIgnored {
		b.WriteString("; lp_id is unknown or inactive and was ignored")
	}
	if d.OfferIgnored {
		b.WriteString("; offer_id is unknown or inactive and was ignored")
	}
	if d.AddClickID {
		b.WriteString("; state Test adds click_id")
	}
	return b.String()
}

func (d *Decision) where() string {
	switch d.Page {
	case PageOverflow:
		return "overflow page"
	case PageSafe:
		return "safe page"
	case PageLanding:
		return "landing page " + d.LandingPage
	case PageOffer:
		return "offer " + d.Offer
	case PageOfferPage:
		return "offer page"
	}
	return "fallback URL"
}

func (d *Decision) why() string {
	switch d.Step {
	case StepUnknown:
		return "this tracker serves no campaign with this cid"
	case StepClosed:
		return closedText(d.ClosedReason)
	case StepLandingPage:
		return "asked for by lp_id"
	case StepOffer:
		return "asked for by offer_id"
	case StepRule:
		return "routing rule " + d.Rule + ", " + d.verdict()
	case StepSafePage:
		if d.Page == PageFallback {
			return d.verdict() + ", and the campaign has no safe page"
		}
		return d.verdict()
	}
	switch d.Page {
	case PageSafe:
		return d.verdict() + ", and the campaign has no offer page"
	case PageFallback:
		return d.verdict() + ", and the campaign has neither offer page nor safe page"
	}
	return d.verdict()
}

// verdict says what the score did to the visitor.
func (d *Decision) verdict() string {
	switch {
	case d.crawler:
		return "a crawler that declares itself sees what visitors see"
	case d.status == event.Status_STATUS_SUSPICIOUS:
		return "click is Suspicious (actions.suspicious)"
	case d.status == event.Status_STATUS_FRAUDULENT:
		return "click is Fraudulent (actions.fraudulent)"
	}
	return "click is Valid"
}

func closedText(reason string) string {
	switch reason {
	case ClosedNotStarted:
		return "campaign has not started (schedule.from)"
	case ClosedEnded:
		return "campaign has ended (schedule.to)"
	}
	return "campaign is Paused (state)"
}
