package tracker

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/netip"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// prepare makes the event that one JSON object states, or the problem that keeps it out. Nothing is
// counted before everything is checked.
func (t *Tracker) prepare(ctx *fasthttp.RequestCtx, s *visit, body json.RawMessage, from caller) *problem.Problem {
	in, err := event.ParseInput(body)
	if err != nil {
		return problemOfInput(err)
	}
	kind, ok := event.ParseEventType(in.EventType)
	if !ok || kind == event.EventType_EVENT_TYPE_UNSPECIFIED {
		return problem.BadParameter("event_type", "one of click, click_through, impression, page_view, conversion, bounce")
	}
	if bad := checkInput(in); bad != nil {
		return bad
	}
	if bad := s.lookUp(in, from); bad != nil {
		return bad
	}
	if bad := s.identify(in, from); bad != nil {
		return bad
	}
	if bad := s.state(in, from, ctx); bad != nil {
		return bad
	}
	clickID, bad := t.followed(in, kind)
	if bad != nil {
		return bad
	}
	conversion, bad := conversionOf(in, kind, from)
	if bad != nil {
		return bad
	}
	s.client.agent = t.agents.Classify(s.client.userAgent)
	s.recognise(t.hasher)
	status := event.Status_STATUS_UNSPECIFIED
	if kind == event.EventType_EVENT_TYPE_CLICK {
		t.gather(s, false)
		status = s.judge()
	}
	s.decide(status)
	s.describe()
	e := &s.event
	e.EventType, e.Origin, e.Caller = kind, event.Origin_ORIGIN_OWN, from.tsID
	if in.EventID != "" {
		e.Origin, e.EventId, e.Timestamp = event.Origin_ORIGIN_FOREIGN, []byte(in.EventID), in.Timestamp
	}
	e.ClickId = clickID
	conversion.stamp(e)
	if kind == event.EventType_EVENT_TYPE_CLICK {
		s.charge()
	}
	return nil
}

// lookUp finds the campaign and, for a server, whether it may speak for it.
func (s *visit) lookUp(in *event.Input, from caller) *problem.Problem {
	s.campaign = s.view.catalog.CampaignOn(s.view.key, in.CampaignID)
	if s.campaign == nil {
		return problem.BadParameter("campaign_id", "this tracker serves no such campaign")
	}
	tsID := in.TsID
	if !from.visitor() {
		if s.campaign.GetNamespace() != from.namespace {
			return forbidden("campaign_id", "the campaign belongs to another namespace than the key's traffic source")
		}
		if tsID != "" && tsID != from.tsID {
			return forbidden("ts_id", "the key belongs to another traffic source")
		}
		tsID = from.tsID
	}
	s.source = s.view.catalog.SourceOf(s.campaign, tsID)
	if s.source == nil && !from.visitor() {
		return forbidden("ts_id", "the campaign's namespace has no such traffic source any more")
	}
	if s.source == nil && tsID != "" {
		s.query.Problems.Add(link.Problem{Kind: link.SourceUnknown, Parameter: "ts_id"})
	}
	s.link = link.Link{
		CampaignID: in.CampaignID, TsID: tsID, LpID: in.LpID, OfferID: in.OfferID, AdID: in.AdID, PublisherID: in.PublisherID,
		UserID: in.UserID, DeviceID: in.DeviceID, ExternalID: in.ExternalID, Source: in.Source, Metadata: in.Metadata,
		ClickPosition: in.ClickPosition,
	}
	s.link.SetSubs(in.List())
	return nil
}

// identify checks a foreign id and the time that goes with it: an SDK's retry repeats both.
func (s *visit) identify(in *event.Input, from caller) *problem.Problem {
	switch {
	case in.EventID == "" && in.Timestamp != 0:
		return problem.BadParameter("timestamp", "only an event with an event_id of its own states its time; else the time is ours")
	case in.EventID == "":
		return nil
	case !event.ValidID(in.EventID):
		return problem.BadParameter("event_id", badID)
	case in.Timestamp == 0:
		return problem.BadParameter("timestamp", "an event with an event_id states its time in ms since the epoch, so that a retry is the same event")
	}
	maxAge := s.view.maxAge
	if from.visitor() {
		maxAge = s.view.visitorMaxAge
	}
	switch {
	case in.Timestamp < s.now-maxAge:
		return problem.BadParameter("timestamp", "too long ago: at most "+ms(maxAge)+" for this caller")
	case in.Timestamp > s.now+s.view.maxAhead:
		return problem.BadParameter("timestamp", "in the future: at most "+ms(s.view.maxAhead)+" ahead")
	}
	return nil
}

// state takes what only a server may say of its visitor: address, agent and cost. What a server does
// not say is unknown: its own address is not the visitor's.
func (s *visit) state(in *event.Input, from caller, ctx *fasthttp.RequestCtx) *problem.Problem {
	if from.visitor() {
		for _, stated := range [...]struct {
			name string
			set  bool
		}{
			{"ip_address", in.IPAddress != ""},
			{"user_agent", in.UserAgent != ""},
			{"cost", in.Cost != nil},
			{"revenue", in.Revenue != nil},
			{"conversion_status", in.ConversionStatus != ""},
		} {
			if stated.set {
				return forbidden(stated.name, "only a server with a traffic source's key may state it")
			}
		}
		s.client.referer, s.client.language = cmp.Or(in.Referer, s.client.referer), cmp.Or(in.Language, s.client.language)
		return nil
	}
	if !allowedFrom(s.source.GetAllowedCidrs(), s.client.addr, peerOf(ctx)) {
		return forbidden("", "this address is not among the traffic source's allowedCIDRs")
	}
	s.client = client{userAgent: in.UserAgent, referer: in.Referer, language: in.Language}
	if in.IPAddress != "" {
		addr, err := netip.ParseAddr(in.IPAddress)
		if err != nil {
			return problem.BadParameter("ip_address", "not an IPv4 or IPv6 address")
		}
		s.client.addr = plain(addr)
	}
	if in.Cost != nil {
		cost, err := in.Cost.Micros()
		if err != nil {
			return problem.BadParameter("cost", err.Error())
		}
		if cost > event.MaxCostMicros {
			return problem.BadParameter("cost", "at most "+event.FormatMicros(event.MaxCostMicros)+" for one event")
		}
		s.link.Cost, s.link.CostCurrency = cost, in.Cost.Currency
	}
	return nil
}

// allowedFrom compares with the client address, or with the peer where that is all there is.
func allowedFrom(cidrs []string, addr, peer netip.Addr) bool {
	if len(cidrs) == 0 {
		return true
	}
	if !addr.IsValid() {
		addr = plain(peer)
	}
	for _, text := range cidrs {
		if prefix, err := netip.ParsePrefix(text); err == nil && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

func forbidden(parameter, detail string) *problem.Problem {
	p := problem.New(http.StatusForbidden, "not-allowed", "The caller may not say this", detail)
	p.Parameter = parameter
	return p
}
