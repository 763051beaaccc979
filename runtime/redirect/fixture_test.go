package redirect

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/fraud/score"
)

const (
	fallback  = "https://www.example.com/"
	offerPage = "https://shop.example.org/spring?ct={clickid}"
	safePage  = "https://shop.example.org/"
	overflow  = "https://shop.example.org/later"
	offer1    = "https://shop.example.org/x?ct={clickid}&s={sub1}"
	offer2    = "https://shop.example.org/y"
	landing1  = "https://lp.example.org/a?next={out}"

	now = 1_795_000_000_000
)

var defaultActions = score.Actions{
	Suspicious: catalogpb.Action_ACTION_OFFER_PAGE, Fraudulent: catalogpb.Action_ACTION_SAFE_PAGE,
}

// campaign is one with every destination, an inactive offer and an inactive landing page.
func campaign() *catalogpb.Campaign {
	return &catalogpb.Campaign{
		Id: "spring-sale", Namespace: "ads-emea", Name: "spring-sale", State: catalogpb.CampaignState_CAMPAIGN_STATE_ACTIVE,
		Trackers:     []string{"clicktally/eu", "clicktally/us"},
		OfferPageUrl: offerPage, SafePageUrl: safePage, OverflowUrl: overflow,
		LandingPages: []*catalogpb.Page{{Id: "lp-1", Url: landing1, Active: true}, {Id: "lp-off", Url: landing1}},
		Offers: []*catalogpb.Page{
			{Id: "of-1", Url: offer1, Active: true}, {Id: "of-2", Url: offer2, Active: true}, {Id: "of-off", Url: offer2},
		},
	}
}

// load puts a campaign and the tracker clicktally/eu through the catalog, as a tracker has them.
func load(t testing.TB, c *catalogpb.Campaign) (*catalog.Tracker, *catalog.Campaign) {
	t.Helper()
	cat := catalog.New([]catalog.Change{
		catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_Tracker{Tracker: &catalogpb.Tracker{
			Namespace: "clicktally", Name: "eu", FallbackUrl: fallback,
		}}}, 0),
		catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_Campaign{Campaign: c}}, 1),
	})
	tracker, loaded := cat.Tracker("clicktally/eu"), cat.Campaign(c.GetId())
	if tracker == nil || loaded == nil {
		t.Fatalf("the catalog rejects the fixture: %v", cat.Rejected())
	}
	return tracker, loaded
}

// outcome is what a decision says to the rest of the system and to people.
type outcome struct {
	Destination, Disposition, ClosedReason, LandingPage, Offer, Rule, Explain string
}

func outcomeOf(d Decision) outcome {
	return outcome{
		d.Destination.String(), d.Disposition.Name(), d.ClosedReason, d.LandingPage, d.Offer, d.Rule, d.Explain(),
	}
}

var orphan = outcome{
	Destination: fallback, Disposition: "Orphan", Explain: "fallback URL: this tracker serves no campaign with this cid",
}

func routed(destination, explain string) outcome {
	return outcome{Destination: destination, Disposition: "Routed", Explain: explain}
}

func tested(destination, explain string) outcome {
	return outcome{Destination: destination, Disposition: "Test", Explain: explain}
}

func closedAs(destination, reason, explain string) outcome {
	return outcome{Destination: destination, Disposition: "Closed", ClosedReason: reason, Explain: explain}
}

func (o outcome) landing(id string) outcome { o.LandingPage = id; return o }
func (o outcome) offer(id string) outcome   { o.Offer = id; return o }
func (o outcome) rule(name string) outcome  { o.Rule = name; return o }
