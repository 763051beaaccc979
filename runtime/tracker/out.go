package tracker

import (
	"context"
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal"
	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// out is GET /v1/out, macro {out}: the next step of a click, from a landing page to an offer. It is
// counted as a click_through of that click and never billed. Without a good click id the visitor goes
// on all the same, and nothing is counted.
func (t *Tracker) out(ctx *fasthttp.RequestCtx) {
	s := t.begin(ctx)
	if s == nil {
		answerNotReady(ctx)
		return
	}
	defer t.end(s)
	s.readLink(string(ctx.URI().QueryString()), "")
	s.recognise(t.hasher)
	s.link.LpID = "" // this is where the visitor comes from
	s.decide(event.Status_STATUS_UNSPECIFIED)
	s.describe()
	clickID := s.link.ClickID
	id, err := t.signer.Parse(clickID)
	if err != nil {
		s.query.Problems.Add(link.Problem{Kind: link.ClickID, Parameter: "clickid"})
		clickID = ""
	}
	s.expand(clickID, string(ctx.Host()))
	if err == nil && !ctx.IsHead() {
		e := &s.event
		e.EventType, e.Origin = event.EventType_EVENT_TYPE_CLICK_THROUGH, event.Origin_ORIGIN_OWN
		e.ClickId = id[:]
		switch err := t.journal.Accept(context.Background(), e); {
		case errors.Is(err, journal.ErrUnbilled): // the visitor goes on all the same
		case err != nil:
			t.answerNotAccepted(ctx, err)
			return
		default:
			answerAccepted(ctx, e, clickID)
		}
	}
	answerRedirect(ctx, s.url)
}
