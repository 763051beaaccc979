package tracker

import (
	"context"
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal"
)

// click is GET /v1/click and /c/{cid}: one click, one redirect. It is accepted under no context of
// the request: a visitor who leaves, or a shutdown, does not unmake a click that is on its way; the
// journal bounds the wait. Where nothing can take it the visitor goes on all the same, or is told 503,
// as journal.whenFull says.
func (t *Tracker) click(ctx *fasthttp.RequestCtx, pathID string) {
	s := t.begin(ctx)
	if s == nil {
		answerNotReady(ctx)
		return
	}
	defer t.end(s)
	t.seen.count(s.client.addr)
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
	s.url = s.url[:0]
	err := t.journal.AcceptWith(context.Background(), e, func(e *event.Event) {
		clickID = t.publicID(e)
		s.expand(clickID, host)
	})
	switch {
	case errors.Is(err, journal.ErrUnbilled):
		if len(s.url) == 0 { // it was turned away before it had an id
			s.expand("", host)
		}
	case err != nil:
		t.answerNotAccepted(ctx, err)
		return
	default:
		answerAccepted(ctx, e, clickID)
	}
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
