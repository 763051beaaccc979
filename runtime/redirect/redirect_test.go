package redirect

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// The order and its outcomes are design 8's.
func TestDecide(t *testing.T) {
	type (
		onCampaign = func(*catalogpb.Campaign)
		onRequest  = func(*Request)
	)
	state := func(s catalogpb.CampaignState) onCampaign {
		return func(c *catalogpb.Campaign) { c.State = s }
	}
	const (
		paused = catalogpb.CampaignState_CAMPAIGN_STATE_PAUSED
		test   = catalogpb.CampaignState_CAMPAIGN_STATE_TEST
	)
	schedule := func(from, to int64) onCampaign {
		return func(c *catalogpb.Campaign) { c.FromMs, c.ToMs = from, to }
	}
	noOverflow := func(c *catalogpb.Campaign) { c.OverflowUrl = "" }
	noSafePage := func(c *catalogpb.Campaign) { c.SafePageUrl = "" }
	noOfferPage := func(c *catalogpb.Campaign) { c.OfferPageUrl = "" }
	rules := func(routes ...*catalogpb.Route) onCampaign {
		return func(c *catalogpb.Campaign) { c.Routing = routes }
	}
	link := func(lp, offer string) onRequest {
		return func(r *Request) { r.LandingPage, r.Offer = lp, offer }
	}
	status := func(s event.Status) onRequest { return func(r *Request) { r.Status = s } }
	const (
		suspicious = event.Status_STATUS_SUSPICIOUS
		fraudulent = event.Status_STATUS_FRAUDULENT
	)
	crawler := func(r *Request) { r.Crawler, r.Status = true, fraudulent }
	strict := func(r *Request) { r.Actions.Suspicious = catalogpb.Action_ACTION_SAFE_PAGE }
	lenient := func(r *Request) { r.Actions.Fraudulent = catalogpb.Action_ACTION_OFFER_PAGE }
	to := func(offer string) []*catalogpb.Share { return []*catalogpb.Share{{Offer: offer, Weight: 10000}} }
	germanMobile := &catalogpb.Route{
		Name: "german-mobile", Countries: []string{"AT", "DE"}, DeviceTypes: []string{"Mobile"}, Split: to("of-1"),
	}
	everyone := &catalogpb.Route{Name: "everyone", Split: []*catalogpb.Share{{LandingPage: "lp-1", Weight: 10000}}}
	gone := &catalogpb.Route{Name: "gone", Split: []*catalogpb.Share{{Offer: "of-off", Weight: 9999}, {LandingPage: "lp-none", Weight: 1}}}
	visitor := func(country string, device event.DeviceType) onRequest {
		return func(r *Request) { r.Country, r.Device = country, device }
	}
	const (
		mobile  = event.DeviceType_DEVICE_TYPE_MOBILE
		desktop = event.DeviceType_DEVICE_TYPE_DESKTOP
	)

	cases := map[string]struct {
		campaign []onCampaign
		request  []onRequest
		want     outcome
	}{
		"1: an unknown id goes to the fallback": {nil, []onRequest{func(r *Request) { r.Campaign = nil }}, orphan},
		"1: so does a campaign of another tracker": {
			[]onCampaign{func(c *catalogpb.Campaign) {
				c.Trackers = []string{"click/tally/eu", "clicktally-eu", "clicktally/eu2", "clicktally2/eu"}
			}},
			nil,
			orphan,
		},
		"1: lp_id does not help an unknown id": {
			[]onCampaign{func(c *catalogpb.Campaign) { c.Trackers = nil }},
			[]onRequest{link("lp-1", "of-1")},
			orphan,
		},

		"2: a paused campaign goes to its overflow target":      {[]onCampaign{state(paused)}, nil, closedAs(overflow, "Paused", "overflow page: campaign is Paused (state)")},
		"2: without one to its safe page":                       {[]onCampaign{state(paused), noOverflow}, nil, closedAs(safePage, "Paused", "safe page: campaign is Paused (state)")},
		"2: without both to the fallback":                       {[]onCampaign{state(paused), noOverflow, noSafePage}, nil, closedAs(fallback, "Paused", "fallback URL: campaign is Paused (state)")},
		"2: lp_id and offer_id do not open it":                  {[]onCampaign{state(paused)}, []onRequest{link("lp-1", "of-1")}, closedAs(overflow, "Paused", "overflow page: campaign is Paused (state)")},
		"2: before its schedule it is closed":                   {[]onCampaign{schedule(now+1, 0)}, nil, closedAs(overflow, "NotStarted", "overflow page: campaign has not started (schedule.from)")},
		"2: at the start of its schedule it is open":            {[]onCampaign{schedule(now, now+1)}, nil, routed(offerPage, "offer page: click is Valid")},
		"2: at the end of its schedule it is closed":            {[]onCampaign{schedule(0, now)}, nil, closedAs(overflow, "Ended", "overflow page: campaign has ended (schedule.to)")},
		"2: a closed campaign is closed to crawlers too":        {[]onCampaign{state(paused)}, []onRequest{crawler}, closedAs(overflow, "Paused", "overflow page: campaign is Paused (state)")},
		"2: a state this version does not know takes no clicks": {[]onCampaign{state(99)}, nil, closedAs(overflow, "Paused", "overflow page: campaign is Paused (state)")},

		"3: an active landing page is reached without a check": {nil, []onRequest{link("lp-1", ""), status(fraudulent)}, routed(landing1, "landing page lp-1: asked for by lp_id").landing("lp-1")},
		"3: before an offer":                                 {nil, []onRequest{link("lp-1", "of-1")}, routed(landing1, "landing page lp-1: asked for by lp_id").landing("lp-1")},
		"3: an inactive one is ignored":                      {nil, []onRequest{link("lp-off", "")}, routed(offerPage, "offer page: click is Valid; lp_id is unknown or inactive and was ignored")},
		"3: an unknown one is ignored and the offer is next": {nil, []onRequest{link("lp-none", "of-1")}, routed(offer1, "offer of-1: asked for by offer_id; lp_id is unknown or inactive and was ignored").offer("of-1")},
		"3: an offer's id is no landing page":                {nil, []onRequest{link("of-1", "")}, routed(offerPage, "offer page: click is Valid; lp_id is unknown or inactive and was ignored")},

		"4: an active offer is reached without a check": {nil, []onRequest{link("", "of-1"), status(fraudulent)}, routed(offer1, "offer of-1: asked for by offer_id").offer("of-1")},
		"4: before a routing rule":                      {[]onCampaign{rules(everyone)}, []onRequest{link("", "of-2")}, routed(offer2, "offer of-2: asked for by offer_id").offer("of-2")},
		"4: an inactive one does not spare the check":   {nil, []onRequest{link("", "of-off"), status(fraudulent)}, routed(safePage, "safe page: click is Fraudulent (actions.fraudulent); offer_id is unknown or inactive and was ignored")},

		"5: a valid click sees the offer page":                   {nil, nil, routed(offerPage, "offer page: click is Valid")},
		"5: or the safe page when there is no offer page":        {[]onCampaign{noOfferPage}, nil, routed(safePage, "safe page: click is Valid, and the campaign has no offer page")},
		"5: or the fallback when there is neither":               {[]onCampaign{noOfferPage, noSafePage}, nil, routed(fallback, "fallback URL: click is Valid, and the campaign has neither offer page nor safe page")},
		"5: a suspicious click too, as the default actions say":  {nil, []onRequest{status(suspicious)}, routed(offerPage, "offer page: click is Suspicious (actions.suspicious)")},
		"5: a fraudulent one when the actions say so":            {nil, []onRequest{status(fraudulent), lenient}, routed(offerPage, "offer page: click is Fraudulent (actions.fraudulent)")},
		"5: a crawler that declares itself sees what people see": {nil, []onRequest{crawler}, routed(offerPage, "offer page: a crawler that declares itself sees what visitors see")},
		"5: a crawler follows routing rules like people":         {[]onCampaign{rules(germanMobile)}, []onRequest{crawler, visitor("DE", mobile)}, routed(offer1, "offer of-1: routing rule german-mobile, a crawler that declares itself sees what visitors see").offer("of-1").rule("german-mobile")},
		"5: a rule that matches comes before the offer page":     {[]onCampaign{rules(germanMobile)}, []onRequest{visitor("AT", mobile)}, routed(offer1, "offer of-1: routing rule german-mobile, click is Valid").offer("of-1").rule("german-mobile")},
		"5: every condition must hold":                           {[]onCampaign{rules(germanMobile)}, []onRequest{visitor("DE", desktop)}, routed(offerPage, "offer page: click is Valid")},
		"5: an unknown country matches no list":                  {[]onCampaign{rules(germanMobile)}, []onRequest{visitor("", mobile)}, routed(offerPage, "offer page: click is Valid")},
		"5: an unknown device matches no list":                   {[]onCampaign{rules(germanMobile)}, []onRequest{visitor("DE", 0)}, routed(offerPage, "offer page: click is Valid")},
		"5: the first rule that matches wins":                    {[]onCampaign{rules(germanMobile, everyone)}, []onRequest{visitor("DE", mobile)}, routed(offer1, "offer of-1: routing rule german-mobile, click is Valid").offer("of-1").rule("german-mobile")},
		"5: a rule without conditions matches everyone":          {[]onCampaign{rules(germanMobile, everyone)}, nil, routed(landing1, "landing page lp-1: routing rule everyone, click is Valid").landing("lp-1").rule("everyone")},
		"5: a rule whose targets are all gone is passed over":    {[]onCampaign{rules(gone, everyone)}, nil, routed(landing1, "landing page lp-1: routing rule everyone, click is Valid").landing("lp-1").rule("everyone")},
		"5: a rule needs no offer page":                          {[]onCampaign{rules(everyone), noOfferPage}, nil, routed(landing1, "landing page lp-1: routing rule everyone, click is Valid").landing("lp-1").rule("everyone")},

		"6: a fraudulent click sees the safe page":      {nil, []onRequest{status(fraudulent)}, routed(safePage, "safe page: click is Fraudulent (actions.fraudulent)")},
		"6: a suspicious one when the actions say so":   {nil, []onRequest{status(suspicious), strict}, routed(safePage, "safe page: click is Suspicious (actions.suspicious)")},
		"6: or the fallback when there is no safe page": {[]onCampaign{noSafePage}, []onRequest{status(fraudulent)}, routed(fallback, "fallback URL: click is Fraudulent (actions.fraudulent), and the campaign has no safe page")},
		"6: routing rules are not looked at":            {[]onCampaign{rules(everyone)}, []onRequest{status(fraudulent)}, routed(safePage, "safe page: click is Fraudulent (actions.fraudulent)")},

		"state Test counts apart and routes alike": {[]onCampaign{state(test)}, nil, tested(offerPage, "offer page: click is Valid; state Test adds click_id")},
		"state Test is checked like any other":     {[]onCampaign{state(test)}, []onRequest{status(fraudulent)}, tested(safePage, "safe page: click is Fraudulent (actions.fraudulent); state Test adds click_id")},
		"state Test keeps its schedule":            {[]onCampaign{state(test), schedule(now+1, 0)}, nil, closedAs(overflow, "NotStarted", "overflow page: campaign has not started (schedule.from); state Test adds click_id")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := campaign()
			for _, change := range tc.campaign {
				change(c)
			}
			r := Request{Status: event.Status_STATUS_VALID, Actions: defaultActions, Now: now, Visitor: []byte("v")}
			r.Tracker, r.Campaign = load(t, c)
			for _, change := range tc.request {
				change(&r)
			}
			if got := outcomeOf(Decide(&r)); got != tc.want {
				t.Errorf("decided\n%+v, want\n%+v", got, tc.want)
			}
		})
	}
}

func TestADecisionAllocatesNothing(t *testing.T) {
	c := campaign()
	c.Routing = []*catalogpb.Route{{
		Name: "german-mobile", Countries: []string{"DE"}, DeviceTypes: []string{"Mobile"},
		Split: []*catalogpb.Share{{Offer: "of-1", Weight: 7000}, {LandingPage: "lp-1", Weight: 3000}},
	}}
	r := Request{Country: "DE", Device: event.DeviceType_DEVICE_TYPE_MOBILE, Visitor: []byte("0123456789abcdef"), Actions: defaultActions, Now: now}
	r.Tracker, r.Campaign = load(t, c)
	var d Decision
	if allocs := testing.AllocsPerRun(1000, func() { d = Decide(&r) }); allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
	if d.Step != StepRule {
		t.Errorf("step %d, want the rule", d.Step)
	}
}

func BenchmarkDecideRule(b *testing.B) {
	c := campaign()
	c.Routing = []*catalogpb.Route{{
		Name: "all", Split: []*catalogpb.Share{{Offer: "of-1", Weight: 7000}, {LandingPage: "lp-1", Weight: 3000}},
	}}
	r := Request{Visitor: []byte("0123456789abcdef"), Actions: defaultActions, Now: now}
	r.Tracker, r.Campaign = load(b, c)
	b.ReportAllocs()
	for b.Loop() {
		Decide(&r)
	}
}
