package evaluate

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// The publisher of an ad is the campaign's word, not the visitor's.
func TestDestinationsNameTheCampaignsPublisher(t *testing.T) {
	e, err := New(catalog.New([]catalog.Change{
		catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_Tracker{Tracker: &catalogpb.Tracker{
			Namespace: "ct", Name: "eu", FallbackUrl: "https://www.example.com/",
		}}}, 0),
		catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_Campaign{Campaign: &catalogpb.Campaign{
			Id: "spring", Namespace: "ads", Name: "spring", State: catalogpb.CampaignState_CAMPAIGN_STATE_ACTIVE,
			Trackers: []string{"ct/eu"}, OfferPageUrl: "https://shop.example.org/?p={pub_id}",
			Ads: []*catalogpb.Ad{{Id: "named", Publisher: "theirs"}, {Id: "silent"}},
		}}}, 1),
	}), "ct/eu")
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"cid=spring&pub_id=p&ad_id=named":  "theirs",
		"cid=spring&pub_id=p&ad_id=silent": "p",
		"cid=spring&pub=p":                 "p",
	} {
		outcome, err := e.Click(&Visit{Query: query, UserAgent: onDesktop})
		if err != nil {
			t.Fatal(err)
		}
		if want := "https://shop.example.org/?p=" + want; outcome.URL != want {
			t.Errorf("%s leads to %s, want %s", query, outcome.URL, want)
		}
	}
}
