package link

import (
	"strings"
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/redirect"
)

// Every macro that a destination may hold, in the order of the words that it stands for.
func TestMacrosOfADestination(t *testing.T) {
	names := strings.Fields("clickid cid externalid ad_id pub_id ts_id lp_id offer_id source country device cost out sub1 sub20")
	text := "https://a.example/?" + "{" + strings.Join(names, "}!{") + "}"
	template, err := catalog.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	full := Link{
		CampaignID: "campaign", ExternalID: "theirs", AdID: "ad", PublisherID: "publisher", TsID: "network",
		LpID: "asked-page", OfferID: "asked-offer", Source: "mail", Cost: 250_000, CostCurrency: "USD",
	}
	full.SetSubs([]string{"first", 19: "last"})
	cases := map[string]struct {
		to   Destination
		want string
	}{
		"all values": {
			Destination{
				Link: &full, Decision: &redirect.Decision{Destination: template, LandingPage: "page", Offer: "offer"},
				ClickID: "ours", Country: "DE", Device: "Mobile", Next: "next",
			},
			"ours!campaign!theirs!ad!publisher!network!page!offer!mail!DE!Mobile!0.25!next!first!last",
		},
		"none": {Destination{Link: &Link{}, Decision: &redirect.Decision{Destination: template}}, strings.Repeat("!", len(names)-1)},
	}
	for sentence, c := range cases {
		got := string(c.to.AppendURL([]byte("before ")))
		if want := "before https://a.example/?" + c.want; got != want {
			t.Errorf("%s: got %s, want %s", sentence, got, want)
		}
	}
}

func TestTheCampaignsPublisherWins(t *testing.T) {
	campaign := &catalog.Campaign{Ads: map[string]*catalogpb.Ad{"named": {Publisher: "theirs"}, "silent": {}}}
	for sentence, c := range map[string]struct {
		campaign *catalog.Campaign
		ad, want string
	}{
		"an ad with a publisher":    {campaign, "named", "theirs"},
		"an ad without a publisher": {campaign, "silent", "stated"},
		"an unknown ad":             {campaign, "other", "stated"},
		"no campaign":               {nil, "named", "stated"},
	} {
		l := Link{AdID: c.ad, PublisherID: "stated"}
		if taken := l.TakePublisher(c.campaign); l.PublisherID != c.want || taken != (c.want == "theirs") {
			t.Errorf("%s: publisher %s, taken %v, want %s", sentence, l.PublisherID, taken, c.want)
		}
	}
}
