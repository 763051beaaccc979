package evaluate

import (
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/agent"
	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
	"github.com/clicktally/clicktally/runtime/redirect"
)

// Outcome is what a tracker makes of a visit.
type Outcome struct {
	CampaignID string            // as the link states it, empty when it states none that can be used
	Campaign   *catalog.Campaign // nil when this tracker serves none under the id
	Policies   []string          // whose verdict it is, the tracker's first
	Agent      agent.Agent
	Signals    signal.Signals
	Result     score.Result
	Decision   redirect.Decision
	// URL is the destination. {clickid} and {out} stand for themselves: only a real click has an id.
	URL string
	// Split are the targets among which the routing rule divides visitors, nil when it has only one.
	Split []Target
	// Problems are what a tracker cannot take of the link.
	Problems []Problem
}

// Target is a share of a split. Which one a visitor gets, and keeps, only the tracker knows.
type Target struct {
	Page   string `json:"page"`   // such as "offer of-1"
	Weight uint32 `json:"weight"` // basis points, as the campaign states it
	URL    string `json:"url"`
}

// Destinations are all URLs that the visit may lead to.
func (o *Outcome) Destinations() []string {
	if len(o.Split) == 0 {
		return []string{o.URL}
	}
	var list []string
	for i := range o.Split {
		if !slices.Contains(list, o.Split[i].URL) {
			list = append(list, o.Split[i].URL)
		}
	}
	return list
}

// clickIDMark stands for our click id while a URL is expanded: no character of it is escaped.
const clickIDMark = "~.our-click-id.~"

// expand fills a decision's URL; l is what the link states.
func expand(d *redirect.Decision, l *link, country, device string) string {
	values := func(macro string) (string, bool) {
		switch macro {
		case "externalid":
			return l.get("click_id")
		case "lp_id":
			return d.LandingPage, d.LandingPage != ""
		case "offer_id":
			return d.Offer, d.Offer != ""
		case "cost":
			micros, err := event.ParseMoney(l.values["cost"])
			return event.FormatMicros(micros), err == nil
		case "country":
			return country, country != ""
		case "device":
			return device, device != ""
		case "out":
			return outMark, true
		}
		return l.get(macro)
	}
	text := appendPass(string(d.AppendURL(nil, clickIDMark, values)), l.pass)
	text = strings.ReplaceAll(text, clickIDMark, "{clickid}")
	return strings.ReplaceAll(text, outMark, "{out}")
}

// outMark stands for the URL of the next step, which holds the click id.
const outMark = "~.next-step.~"

func (l *link) get(name string) (string, bool) {
	value, ok := l.values[name]
	return value, ok
}

// targets returns the active targets of the rule that decided, nil unless there are several.
func targets(c *catalog.Campaign, decided *redirect.Decision, url func(*redirect.Decision) string) []Target {
	if decided.Step != redirect.StepRule {
		return nil
	}
	var list []Target
	for _, rule := range c.GetRouting() {
		if rule.GetName() != decided.Rule {
			continue
		}
		for _, share := range rule.GetSplit() {
			if d := towards(c, *decided, share); d != nil {
				list = append(list, Target{pageName(d), share.GetWeight(), url(d)})
			}
		}
	}
	if len(list) < 2 {
		return nil
	}
	return list
}

// towards is the decision for another target of the same split; nil when the target is not active.
func towards(c *catalog.Campaign, d redirect.Decision, share *catalogpb.Share) *redirect.Decision {
	page := c.Offers[share.GetOffer()]
	d.Page, d.Offer, d.LandingPage = redirect.PageOffer, share.GetOffer(), share.GetLandingPage()
	if d.LandingPage != "" {
		page, d.Page = c.Pages[d.LandingPage], redirect.PageLanding
	}
	if page == nil || !page.Active {
		return nil
	}
	d.Destination = page.URL
	return &d
}

func pageName(d *redirect.Decision) string {
	if d.LandingPage != "" {
		return "landing page " + d.LandingPage
	}
	return "offer " + d.Offer
}
