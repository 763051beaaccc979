package evaluate

import (
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/fraud/agent"
	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
	"github.com/clicktally/clicktally/runtime/redirect"
	"github.com/clicktally/clicktally/runtime/tracker/link"
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

// Problem is something a link states that a tracker cannot take. The visitor is redirected all the
// same.
type Problem struct {
	Parameter string `json:"parameter"` // as the link names it
	Message   string `json:"message"`
}

// problems are those that were met in reading the link.
func problems(q *link.Query) []Problem {
	var list []Problem
	for i := range q.Problems {
		p := &q.Problems[i]
		list = append(list, Problem{p.Parameter, p.Message()})
	}
	return list
}

// Marks stand for what only a real click has, while a URL is expanded: our click id, and the URL of
// the next step, which holds it. No character of them is escaped.
const (
	clickIDMark = "~.our-click-id.~"
	outMark     = "~.next-step.~"
)

// expand fills a decision's URL.
func expand(d *link.Destination) string {
	d.ClickID, d.Next = clickIDMark, outMark
	return strings.NewReplacer(clickIDMark, "{clickid}", outMark, "{out}").Replace(string(d.AppendURL(nil)))
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
