package evaluate

import (
	"errors"
	"fmt"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/fraud/agent"
	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/redirect"
	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// BuiltIn is the name of the policy of a tracker that names none.
const BuiltIn = "built in"

// ErrPolicyUnknown says that a click cannot be scored, because a policy is not in the catalog.
var ErrPolicyUnknown = errors.New("is not among the given files, so that clicks cannot be scored")

// Catalog is what a compilation serves, as a follower would load it.
func Catalog(r *compile.Result) *catalog.Catalog {
	changes := make([]catalog.Change, len(r.Records))
	for i, record := range r.Records {
		changes[i] = catalog.Put(record, int64(i))
	}
	return catalog.New(changes)
}

// Evaluator evaluates clicks on one tracker.
type Evaluator struct {
	catalog *catalog.Catalog
	tracker *catalog.Tracker
	policy  *score.Policy
	name    string // of policy
}

// New returns the Evaluator of a tracker, named namespace/name. The error wraps ErrPolicyUnknown when
// the tracker's policy is not in the catalog.
func New(c *catalog.Catalog, tracker string) (*Evaluator, error) {
	t := c.Tracker(tracker)
	if t == nil {
		return nil, fmt.Errorf("there is no Tracker %s", tracker)
	}
	e := &Evaluator{catalog: c, tracker: t, policy: score.Default(), name: BuiltIn}
	if t.GetPolicy() == "" {
		return e, nil
	}
	var err error
	e.name = t.GetPolicy()
	e.policy, err = policy(c, e.name)
	return e, err
}

func policy(c *catalog.Catalog, key string) (*score.Policy, error) {
	p := c.Policy(key)
	if p == nil {
		return nil, fmt.Errorf("FraudPolicy %s %w", key, ErrPolicyUnknown)
	}
	return score.Compile(p)
}

// Tracker returns the tracker that e evaluates for.
func (e *Evaluator) Tracker() *catalog.Tracker { return e.tracker }

// Click evaluates one click. The error wraps ErrPolicyUnknown when the campaign's own policy is not in
// the catalog.
func (e *Evaluator) Click(v *Visit) (*Outcome, error) {
	q := v.query()
	o := &Outcome{CampaignID: q.ID("cid"), Policies: []string{e.name}, Agent: agent.Classify(v.UserAgent)}
	o.Campaign = e.catalog.CampaignOn(e.tracker.Key(), o.CampaignID)
	own, err := e.own(o)
	if err != nil {
		return nil, err
	}
	l := &link.Link{}
	l.Read(q, o.CampaignID, e.catalog.SourceOf(o.Campaign, q.ID("ts_id")))
	l.TakePublisher(o.Campaign)
	o.Signals = v.signals(o.Campaign, l, o.Agent, e.policy, own)
	o.Result = score.Score(&o.Signals, e.policy, own, v.Now)
	o.Decision = redirect.Decide(&redirect.Request{
		Tracker: e.tracker, Campaign: o.Campaign,
		LandingPage: l.LpID, Offer: l.OfferID,
		Country: v.Country, Device: o.Agent.Presents, Visitor: v.visitor(l),
		Status: o.Result.Status, Actions: score.StricterActions(e.policy, own),
		Crawler: o.Signals.DeclaredCrawler(), Now: v.Now,
	})
	url := func(d *redirect.Decision) string {
		return expand(&link.Destination{Link: l, Decision: d, Country: v.Country, Device: o.Agent.Presents.Name()})
	}
	o.URL = url(&o.Decision)
	if o.Campaign != nil {
		o.Split = targets(o.Campaign, &o.Decision, url)
	}
	o.Problems = append(problems(q), e.unknown(o, l)...)
	return o, nil
}

// own is the campaign's stricter policy, nil when it has none.
func (e *Evaluator) own(o *Outcome) (*score.Policy, error) {
	if o.Campaign == nil || o.Campaign.GetPolicy() == "" {
		return nil, nil
	}
	p, err := policy(e.catalog, o.Campaign.GetPolicy())
	if err == nil {
		o.Policies = append(o.Policies, o.Campaign.GetPolicy())
	}
	return p, err
}

// unknown reports the ids of a link that name nothing. An ad or a publisher that the campaign does not
// name is no problem: it counts all the same.
func (e *Evaluator) unknown(o *Outcome, l *link.Link) []Problem {
	var list []Problem
	add := func(name, format string, args ...any) {
		list = append(list, Problem{name, fmt.Sprintf(format, args...)})
	}
	if o.Campaign == nil {
		if o.CampaignID == "" {
			add("cid", "the link states no campaign id that can be used")
		} else {
			add("cid", "tracker %s serves no campaign %q", e.tracker.Key(), o.CampaignID)
		}
		return list
	}
	unknownPage(add, "lp_id", "landing page", l.LpID, o.Campaign.Pages)
	unknownPage(add, "offer_id", "offer", l.OfferID, o.Campaign.Offers)
	if id := l.TsID; id != "" && e.catalog.SourceOf(o.Campaign, id) == nil {
		add("ts_id", "namespace %s has no TrafficSource %q: its parameters are not mapped", o.Campaign.GetNamespace(), id)
	}
	return list
}

func unknownPage(add func(name, format string, args ...any), name, what, id string, pages map[string]*catalog.Page) {
	switch page := pages[id]; {
	case id == "":
	case page == nil:
		add(name, "the campaign has no %s %q: ignored", what, id)
	case !page.Active:
		add(name, "%s %q is Paused: ignored", what, id)
	}
}
