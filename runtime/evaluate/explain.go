package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

// Explanation is an outcome for people and programs.
type Explanation struct {
	Tracker     string    `json:"tracker"`     // namespace/name
	Campaign    string    `json:"campaign"`    // namespace/name, empty when the id is unknown
	CampaignID  string    `json:"campaign_id"` // as the link states it
	Generation  int64     `json:"generation,omitempty"`
	Disposition string    `json:"disposition"` // Routed, Orphan, Closed, Test
	Signals     []Signal  `json:"signals"`
	Score       uint32    `json:"score"`
	Status      string    `json:"status"`
	Reasons     []Reason  `json:"reasons"`
	Policies    []string  `json:"policies"` // namespace/name, the tracker's first
	Route       string    `json:"route"`
	Split       []Target  `json:"split,omitempty"` // the shares of the rule that decided
	Destination string    `json:"destination"`
	Limits      []string  `json:"limits,omitempty"`   // of the campaign, above the tracker's
	Problems    []Problem `json:"problems,omitempty"` // of the link
	Notes       []string  `json:"notes,omitempty"`    // on what a real click would not have
}

// Signal is one fact of the click.
type Signal struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Reason is one reason with its points, and what of them counted in the score.
type Reason struct {
	Reason  string `json:"reason"`
	Points  uint32 `json:"points"`
	Counted uint32 `json:"counted"`
}

// Explain evaluates a visit on a tracker, named namespace/name; empty chooses the campaign's first. An
// error says why no decision can be made from these files.
func (c *Config) Explain(v *Visit, tracker string) (*Explanation, error) {
	id := v.query().ID("cid")
	e, err := c.evaluator(tracker, id)
	var o *Outcome
	if err == nil {
		o, err = e.Click(v)
	}
	if errors.Is(err, ErrPolicyUnknown) {
		return nil, fmt.Errorf("%w: add its folder with -f", err)
	}
	if err != nil {
		return nil, err
	}
	x := explanation(o, v)
	x.Tracker = e.tracker.Key()
	if o.Campaign == nil {
		return x, c.refused(id)
	}
	if v.Country != "" && asksForCountry(o.Campaign) {
		x.Notes = append(x.Notes, "trackers of this version cannot look up a country: for a real click it is Unknown")
	}
	if campaign, tracker := c.written(o.Campaign, e.tracker); campaign != nil && tracker != nil {
		x.Limits = AboveCeiling(campaign, tracker)
	}
	return x, nil
}

// asksForCountry reports whether what becomes of a click depends on its country.
func asksForCountry(c *catalog.Campaign) bool {
	return len(c.GetCountries()) > 0 || slices.ContainsFunc(c.GetRouting(), func(r *catalogpb.Route) bool {
		return len(r.GetCountries()) > 0
	})
}

func explanation(o *Outcome, v *Visit) *Explanation {
	x := &Explanation{
		CampaignID: o.CampaignID, Disposition: o.Decision.Disposition.Name(), Signals: signals(o, v),
		Score: o.Result.Score, Status: o.Result.Status.Name(), Reasons: []Reason{}, Policies: o.Policies,
		Route: o.Decision.Explain(), Split: o.Split, Destination: o.URL, Problems: o.Problems,
	}
	if o.Campaign != nil {
		x.Campaign, x.Generation = o.Campaign.GetNamespace()+"/"+o.Campaign.GetName(), o.Campaign.Generation
	}
	if len(o.Split) > 0 { // which of them a visitor gets, only the tracker knows
		pages := make([]string, len(o.Split))
		for i := range o.Split {
			pages[i] = o.Split[i].Page
		}
		_, why, _ := strings.Cut(x.Route, ": ")
		x.Route = strings.Join(pages, " or ") + ": " + why
	}
	for _, r := range o.Result.Reasons {
		x.Reasons = append(x.Reasons, Reason{r.GetReason().Name(), r.GetPoints(), r.GetCounted()})
	}
	return x
}

// signals are the facts in the order of their weight; one that is not known says so.
func signals(o *Outcome, v *Visit) []Signal {
	s := &o.Signals
	list := []Signal{
		{"userAgent", s.UserAgentClass.Name()},
		{"device", o.Agent.Presents.Name()},
		{"address", address(o)},
		{"country", cmp.Or(v.Country, "Unknown")},
		{"referrer", referrer(o, v)},
	}
	list = append(list, counts("ipClicks", s.IPClicks)...)
	list = append(list, counts("deviceClicks", s.DeviceClicks)...)
	since := Signal{"sinceImpression", "Unknown"}
	if s.ImpressionSeen {
		since.Value = (time.Duration(s.ImpressionToClickMs) * time.Millisecond).String()
	}
	return append(list, since)
}

func address(o *Outcome) string {
	if !o.Signals.Has(signal.DegradedAddress) {
		return "Unknown"
	}
	if o.Result.Allowed {
		return "Allowed"
	}
	for _, r := range o.Result.Reasons {
		if r.GetReason() == event.Reason_REASON_IP_DENIED {
			return "Denied"
		}
	}
	return "NotListed"
}

func referrer(o *Outcome, v *Visit) string {
	switch {
	case v.Referrer == "":
		return "Missing"
	case o.Signals.ReferrerOutside:
		return "Outside"
	case !o.Signals.Has(signal.DegradedReferrer):
		return "Unreadable"
	}
	return "Accepted"
}

// counts states clicks per window, such as 3/1h0m0s without its zeros.
func counts(name string, c signal.Counts) []Signal {
	var list []Signal
	for _, count := range c.All() {
		window := (time.Duration(count.WindowS) * time.Second).String()
		for _, zeros := range []string{"m0s", "h0m"} {
			if strings.HasSuffix(window, zeros) {
				window = window[:len(window)-2]
			}
		}
		list = append(list, Signal{name, fmt.Sprintf("%d/%s", count.Clicks, window)})
	}
	return list
}

// WriteText prints one line for each part, aligned.
func (x *Explanation) WriteText(out io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-11s"+format+"\n", append([]any{name}, args...)...)
	}
	line("campaign", "%s", x.campaign())
	for _, p := range x.Problems {
		line("link", "%s", strings.TrimPrefix(p.Parameter+": "+p.Message, ": "))
	}
	facts := make([]string, len(x.Signals))
	for i, s := range x.Signals {
		facts[i] = s.Name + "=" + s.Value
	}
	line("signals", "%s", strings.Join(facts, " "))
	line("score", "%d  %s  %s", x.Score, x.Status, x.reasons())
	for _, limit := range x.Limits {
		line("limits", "%s", limit)
	}
	for _, note := range x.Notes {
		line("note", "%s", note)
	}
	line("route", "%s", x.Route)
	if len(x.Split) == 0 {
		line("302", "%s", x.Destination)
	}
	for i, t := range x.Split {
		name := "302"
		if i > 0 {
			name = "or"
		}
		line(name, "%s  (%s, %d of 10000; a visitor keeps one)", t.URL, t.Page, t.Weight)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (x *Explanation) campaign() string {
	switch {
	case x.Campaign == "":
		return fmt.Sprintf("unknown on tracker %s", x.Tracker)
	case x.Generation > 0:
		return fmt.Sprintf("%s (generation %d)", x.Campaign, x.Generation)
	}
	return x.Campaign
}

// reasons are "IPDenied 100, IPVelocity 40 (0 counted)" and the policies that gave the points.
func (x *Explanation) reasons() string {
	list := make([]string, len(x.Reasons))
	for i, r := range x.Reasons {
		list[i] = fmt.Sprintf("%s %d", r.Reason, r.Points)
		if r.Counted != r.Points {
			list[i] += fmt.Sprintf(" (%d counted)", r.Counted)
		}
	}
	word := "policy"
	if len(x.Policies) > 1 {
		word = "policies"
	}
	by := fmt.Sprintf("(%s %s)", word, strings.Join(x.Policies, ", "))
	if len(list) == 0 {
		return by
	}
	return strings.Join(list, ", ") + " " + by
}
