package compile

import (
	"fmt"
	"slices"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// fullSplit is what the weights of a split add up to, in basis points.
const fullSplit = 10000

func (c *campaignCheck) pages() {
	spec := &c.in.object.Spec
	seen := map[v1alpha1.ID]bool{}
	for i := range spec.LandingPages {
		p, path := &spec.LandingPages[i], fmt.Sprintf("spec.landingPages[%d]", i)
		c.unique(seen, path+".id", p.ID)
		c.body.LandingPages = append(c.body.LandingPages, c.page(path, p.ID, p.DisplayName, p.URL, p.State))
	}
	clear(seen)
	for i := range spec.Offers {
		p, path := &spec.Offers[i], fmt.Sprintf("spec.offers[%d]", i)
		c.unique(seen, path+".id", p.ID)
		c.body.Offers = append(c.body.Offers, c.page(path, p.ID, p.DisplayName, p.URL, p.State))
	}
}

func (c *campaignCheck) page(path string, id v1alpha1.ID, display string, url v1alpha1.URL, state v1alpha1.DestinationState) *catalogpb.Page {
	if url == "" {
		c.invalid(path+".url", "is required")
	}
	return &catalogpb.Page{
		Id: string(id), DisplayName: display, Url: c.url(path+".url", url), Active: state != v1alpha1.DestinationPaused,
	}
}

func (c *campaignCheck) unique(seen map[v1alpha1.ID]bool, path string, id v1alpha1.ID) {
	switch {
	case !event.ValidID(string(id)):
		c.invalid(path, "an id has 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -")
	case seen[id]:
		c.invalid(path, "%q is there twice", id)
	}
	seen[id] = true
}

func (c *campaignCheck) money() {
	spec := &c.in.object.Spec
	c.body.Price = c.price("spec.price", spec.Price)
	seen := map[v1alpha1.ID]bool{}
	for i := range spec.Ads {
		ad, path := &spec.Ads[i], fmt.Sprintf("spec.ads[%d]", i)
		c.unique(seen, path+".id", ad.ID)
		if ad.Price != nil && (spec.Price == nil || ad.Price.Currency != spec.Price.Currency) {
			c.invalid(path+".price", "an ad's price needs spec.price, and the same currency")
		}
		c.body.Ads = append(c.body.Ads, &catalogpb.Ad{
			Id: string(ad.ID), Publisher: string(ad.Publisher), Price: c.price(path+".price", ad.Price),
		})
	}
}

// price returns nil for no price: such clicks are counted and cost nothing.
func (c *campaignCheck) price(path string, p *v1alpha1.Price) *catalogpb.Money {
	if p == nil {
		return nil
	}
	if p.Model != v1alpha1.CPC {
		c.invalid(path+".model", "must be CPC")
	}
	micros, err := event.ParseMoney(string(p.Amount))
	if err != nil {
		c.invalid(path+".amount", "%v", err)
	}
	return &catalogpb.Money{Micros: micros, Currency: string(p.Currency)}
}

func (c *campaignCheck) schedule() {
	s := c.in.object.Spec.Schedule
	if s == nil {
		return
	}
	c.body.FromMs, c.body.ToMs = millis(s.From), millis(s.To)
	if c.body.GetFromMs() != 0 && c.body.GetToMs() != 0 && c.body.GetFromMs() >= c.body.GetToMs() {
		c.invalid("spec.schedule", "from must be before to")
	}
}

func (c *campaignCheck) targeting() {
	t := c.in.object.Spec.Targeting
	if t == nil {
		return
	}
	for _, country := range t.Countries {
		c.body.Countries = append(c.body.Countries, string(country))
	}
	c.noEffectIf(len(t.Countries) > 0, "spec.targeting.countries", "there is no source of countries yet")
	for i, host := range t.ReferrerHosts {
		if _, err := catalog.ParseHosts([]string{string(host)}); err != nil {
			c.invalid(fmt.Sprintf("spec.targeting.referrerHosts[%d]", i), "%v", err)
		}
		c.body.ReferrerHosts = append(c.body.ReferrerHosts, string(host))
	}
	slices.Sort(c.body.Countries)
	slices.Sort(c.body.ReferrerHosts)
}

func (c *campaignCheck) routing() {
	routes := c.in.object.Spec.Routing
	names := map[v1alpha1.ID]bool{}
	for i := range routes {
		path := fmt.Sprintf("spec.routing[%d]", i)
		c.unique(names, path+".name", routes[i].Name)
		route := &catalogpb.Route{Name: string(routes[i].Name)}
		if when := routes[i].When; when != nil {
			for _, country := range when.Countries {
				route.Countries = append(route.Countries, string(country))
			}
			for _, device := range when.DeviceTypes {
				route.DeviceTypes = append(route.DeviceTypes, string(device))
			}
			c.noEffectIf(len(when.Countries) > 0, path+".when.countries",
				"there is no source of countries yet, so the rule never matches")
		}
		slices.Sort(route.Countries)
		slices.Sort(route.DeviceTypes)
		route.Split = c.split(path+".split", routes[i].Split)
		c.body.Routing = append(c.body.Routing, route)
	}
}

func (c *campaignCheck) split(path string, targets []v1alpha1.SplitTarget) []*catalogpb.Share {
	var shares []*catalogpb.Share
	sum := 0
	for i := range targets {
		t, at := &targets[i], fmt.Sprintf("%s[%d]", path, i)
		sum += int(t.Weight)
		switch {
		case (t.Offer != "") == (t.LandingPage != ""):
			c.invalid(at, "must name exactly one of offer and landingPage")
		case t.Offer != "" && !hasPage(c.body.GetOffers(), t.Offer):
			c.invalid(at+".offer", "%q is not the id of one of spec.offers", t.Offer)
		case t.LandingPage != "" && !hasPage(c.body.GetLandingPages(), t.LandingPage):
			c.invalid(at+".landingPage", "%q is not the id of one of spec.landingPages", t.LandingPage)
		case t.Weight < 1:
			c.invalid(at+".weight", "must be at least 1, not %d", t.Weight)
		}
		shares = append(shares, &catalogpb.Share{
			Offer: string(t.Offer), LandingPage: string(t.LandingPage), Weight: uint32(max(t.Weight, 0)),
		})
	}
	if sum != fullSplit {
		c.invalid(path, "weights add up to %d, must be %d", sum, fullSplit)
	}
	return shares
}

func hasPage(pages []*catalogpb.Page, id v1alpha1.ID) bool {
	return slices.ContainsFunc(pages, func(p *catalogpb.Page) bool { return p.GetId() == string(id) })
}
