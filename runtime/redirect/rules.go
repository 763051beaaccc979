package redirect

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// route decides by the first routing rule that matches and has an active target.
func (d *Decision) route(r *Request) bool {
	for _, rule := range r.Campaign.GetRouting() {
		if !matches(rule, r) {
			continue
		}
		page, landing := choose(r.Campaign, rule, r.Visitor)
		if page == nil {
			continue
		}
		d.Step, d.Rule = StepRule, rule.GetName()
		d.Page, d.Destination = PageOffer, page.URL
		if landing {
			d.Page, d.LandingPage = PageLanding, page.ID
		} else {
			d.Offer = page.ID
		}
		return true
	}
	return false
}

// matches reports whether every condition holds; a rule without conditions matches every visitor.
func matches(rule *catalogpb.Route, r *Request) bool {
	return isAmong(rule.GetCountries(), r.Country) &&
		isAmong(rule.GetDeviceTypes(), r.Device.Name())
}

// isAmong is true without a list. An unknown, empty value is on none.
func isAmong(list []string, value string) bool {
	return len(list) == 0 || value != "" && slices.Contains(list, value)
}

// choose picks the visitor's page of a split: the highest draw by weighted rendezvous hashing (Schindelhauer
// and Schomaker, Weighted Distributed Hash Tables, 2005). Each visitor draws for each page apart, so a page
// gets its share, a changed weight moves only visitors that the change needs, and the visitors of a page
// that turns inactive divide among the others while nobody else moves.
func choose(c *catalog.Campaign, rule *catalogpb.Route, visitor []byte) (page *catalog.Page, landing bool) {
	base := visitorHash(c.GetId(), rule.GetName(), visitor)
	highest := math.Inf(-1)
	for _, share := range rule.GetSplit() {
		target, isLanding := c.Offers[share.GetOffer()], false
		if share.GetLandingPage() != "" {
			target, isLanding = c.Pages[share.GetLandingPage()], true
		}
		if target == nil || !target.Active || share.GetWeight() == 0 {
			continue
		}
		if drawn := draw(base, target.ID, isLanding, share.GetWeight()); drawn > highest {
			page, landing, highest = target, isLanding, drawn
		}
	}
	return page, landing
}

func visitorHash(campaign, rule string, visitor []byte) uint64 {
	var buf [256]byte // holds two ids and a visitor's hash
	text := append(buf[:0], campaign...)
	text = append(text, 0)
	text = append(text, rule...)
	text = append(text, 0)
	return xxhash.Sum64(append(text, visitor...))
}

// draw is log(u)/weight of an even u in (0, 1): the highest of several is a page with a probability
// equal to its share of the weights.
func draw(visitor uint64, id string, landing bool, weight uint32) float64 {
	var buf [128]byte
	text := binary.LittleEndian.AppendUint64(buf[:0], visitor)
	kind := byte('o')
	if landing {
		kind = 'l'
	}
	text = append(append(text, kind), id...)
	u := (float64(xxhash.Sum64(text)>>11) + 0.5) / (1 << 53)
	return math.Log(u) / float64(weight)
}
