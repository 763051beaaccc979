package tracker

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/redirect"
)

// judge scores the click, under the shadow policies too, and stamps signals and verdict on the event.
func (s *visit) judge() event.Status {
	own := s.view.campaignPolicy(s.campaign)
	result := score.Score(&s.signals, s.view.policy, own, s.now)
	verdict := &event.Verdict{
		Status: result.Status, Score: result.Score, Reasons: result.Reasons,
		PolicyDigest: s.view.policy.Digest(), CatalogOffset: s.view.catalog.Offset(),
	}
	if own != nil {
		verdict.CampaignPolicyDigest = own.Digest()
	}
	if s.campaign != nil {
		verdict.CampaignGeneration = s.campaign.Generation
	}
	for _, shadow := range s.view.shadows {
		r := score.Score(&s.signals, shadow, own, s.now)
		verdict.Shadows = append(verdict.Shadows, &event.ShadowVerdict{PolicyDigest: shadow.Digest(), Status: r.Status, Score: r.Score})
	}
	s.event.Signals, s.event.Verdict = s.signals.Proto(), verdict
	return result.Status
}

// decide chooses the destination and where the event belongs in the count.
func (s *visit) decide(status event.Status) {
	var buf [512 + 16]byte
	s.decision = redirect.Decide(&redirect.Request{
		Tracker: s.view.tracker, Campaign: s.campaign,
		LandingPage: s.link.LpID, Offer: s.link.OfferID,
		Device:  s.client.agent.Presents,
		Visitor: s.appendVisitor(buf[:0]),
		Status:  status, Actions: score.StricterActions(s.view.policy, s.view.campaignPolicy(s.campaign)),
		Crawler: s.signals.DeclaredCrawler(), Now: s.now,
	})
	e, d := &s.event, &s.decision
	e.Disposition, e.ClosedReason, e.Rule = d.Disposition, d.ClosedReason, d.Rule
}

// appendVisitor is what makes splits sticky. A visitor of whom nothing is known draws anew each time.
func (s *visit) appendVisitor(dst []byte) []byte {
	switch {
	case s.hasUser:
		return append(dst, s.user[:]...)
	case s.hasDevice:
		return append(dst, s.device[:]...)
	case s.client.addr.IsValid():
		addr := s.client.addr.As16()
		return append(append(dst, addr[:]...), s.client.userAgent...)
	}
	return binary.LittleEndian.AppendUint64(dst, rand.Uint64())
}

// charge stamps the price: only the campaign says it, and only routed clicks have one.
func (s *visit) charge() {
	if s.campaign == nil || s.event.Disposition != event.Disposition_DISPOSITION_ROUTED {
		return
	}
	if price := priceOf(s.campaign.Campaign, s.campaign.Ads[s.event.AdId]); price != nil {
		s.event.PriceMicros, s.event.PriceCurrency = price.GetMicros(), price.GetCurrency()
	}
}

// priceOf is the ad's price when it has one, else the campaign's; nil when there is none.
func priceOf(c *catalogpb.Campaign, ad *catalogpb.Ad) *catalogpb.Money {
	if ad.GetPrice() != nil {
		return ad.GetPrice()
	}
	return c.GetPrice()
}
