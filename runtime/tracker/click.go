package tracker

import (
	"context"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/event"
)

// click is GET /v1/click and /c/{cid}: one click, one redirect. It is accepted under no context of
// the request: a visitor who leaves, or a shutdown, does not unmake a click that is on its way; the
// journal bounds the wait.
func (t *Tracker) click(ctx *fasthttp.RequestCtx, pathID string) {
	s := t.begin(ctx)
	if s == nil {
		answerNotReady(ctx)
		return
	}
	defer t.end(s)
	head := ctx.IsHead()
	s.readLink(string(ctx.URI().QueryString()), pathID)
	s.recognise(t.hasher)
	t.gather(s, head)
	status := s.judge()
	s.decide(status)
	s.describe()
	s.charge()
	if head {
		s.expand("", string(ctx.Host()))
		answerRedirect(ctx, s.url)
		return
	}
	e := &s.event
	e.EventType, e.Origin = event.EventType_EVENT_TYPE_CLICK, event.Origin_ORIGIN_OWN
	clickID, host := "", string(ctx.Host())
	err := t.journal.AcceptWith(context.Background(), e, func(e *event.Event) {
		clickID = t.publicID(e)
		s.expand(clickID, host)
	})
	if err != nil {
		t.answerNotAccepted(ctx, err)
		return
	}
	answerAccepted(ctx, e, clickID)
	answerRedirect(ctx, s.url)
}

// publicID is the click id to hand out for an own event.
func (t *Tracker) publicID(e *event.Event) string {
	id, ok := event.IDFromBytes(e.EventId)
	if !ok || e.Origin != event.Origin_ORIGIN_OWN {
		return ""
	}
	return t.signer.Public(id)
}
