package tracker

import (
	"time"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
	"github.com/clicktally/clicktally/runtime/redirect"
	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// visit is one event on its way from request to record. It is used again for later requests, so
// nothing of it may be kept.
type visit struct {
	view     *view
	now      int64 // ms
	query    link.Query
	link     link.Link
	client   client
	campaign *catalog.Campaign // nil: unknown here
	source   *catalog.Source   // nil: the link names none of the campaign's

	user, device       [hashLen]byte
	hasUser, hasDevice bool

	signals  signal.Signals
	decision redirect.Decision
	event    event.Event
	url      []byte
}

// begin takes a visit of the present view; nil while there is none.
func (t *Tracker) begin(ctx *fasthttp.RequestCtx) *visit {
	v := t.view.Load()
	if v == nil {
		return nil
	}
	s := t.visits.Get().(*visit)
	s.view, s.now = v, time.Now().UnixMilli()
	s.client = t.clientOf(ctx, v)
	return s
}

// end gives the visit back and counts what was wrong with its link.
func (t *Tracker) end(s *visit) {
	t.metrics.inputs(s.query.Problems)
	s.query.Problems = s.query.Problems[:0]
	s.view, s.campaign, s.source = nil, nil, nil
	s.event.Reset()
	s.signals = signal.Signals{}
	s.hasUser, s.hasDevice = false, false
	t.visits.Put(s)
}

// readLink parses the query and looks up what it names. A cid in the path stands in place of one in
// the query.
func (s *visit) readLink(raw, pathID string) {
	s.query.Parse(raw)
	cid := pathID
	if cid == "" {
		cid = s.query.ID("cid")
	} else if !event.ValidID(cid) {
		s.query.Problems.Add(link.Problem{Kind: link.ID, Parameter: "cid"})
		cid = ""
	}
	s.campaign = s.view.catalog.CampaignOn(s.view.key, cid)
	tsID := s.query.ID("ts_id")
	s.source = s.view.catalog.SourceOf(s.campaign, tsID)
	if s.campaign != nil && tsID != "" && s.source == nil {
		s.query.Problems.Add(link.Problem{Kind: link.SourceUnknown, Parameter: "ts_id"})
	}
	s.link.Read(&s.query, cid, s.source)
}

// recognise hashes what the link states of user and device.
func (s *visit) recognise(h *hasher) {
	if sum, err := h.sum(hashUser, s.link.UserID); err == nil {
		s.user, s.hasUser = sum, true
	}
	if sum, err := h.sum(hashDevice, s.link.DeviceID); err == nil {
		s.device, s.hasDevice = sum, true
	}
}

// describe fills the event with everything but its type, id, signals and verdict.
func (s *visit) describe() {
	e, l := &s.event, &s.link
	e.Tracker = s.view.key
	e.Timestamp, e.Accepted = s.now, s.now
	e.CampaignId, e.AdId, e.PublisherId, e.TsId = l.CampaignID, l.AdID, l.PublisherID, l.TsID
	e.LpId, e.OfferId = l.LpID, l.OfferID
	e.ExternalId, e.Source, e.Metadata, e.ClickPosition = l.ExternalID, l.Source, l.Metadata, l.ClickPosition
	e.CostMicros, e.CostCurrency = l.Cost, l.CostCurrency
	e.Subs = l.Subs()
	if s.hasUser {
		e.UserId = s.user[:]
	}
	if s.hasDevice {
		e.DeviceId = s.device[:]
	}
	c := &s.client
	e.IpAddress = storedAddress(c.addr, s.view.tracker.GetPrivacy())
	e.UserAgent, e.Referer, e.Language = c.userAgent, c.referer, c.language
	e.DeviceType, e.Os, e.Browser = c.agent.Device, c.agent.OS, c.agent.Browser
	s.nameFromCampaign()
}

// nameFromCampaign sets what the campaign itself says, and marks it as named by it.
func (s *visit) nameFromCampaign() {
	if s.campaign == nil {
		return
	}
	e := &s.event
	e.AdvertiserId = s.campaign.GetAdvertiser()
	if s.campaign.Ads[e.AdId] != nil {
		e.Named |= event.NamedAd
	}
	if s.link.TakePublisher(s.campaign) {
		e.PublisherId = s.link.PublisherID
		e.Named |= event.NamedPublisher
	}
	if s.source != nil {
		e.Named |= event.NamedSource
	}
}
