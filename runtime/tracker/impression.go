package tracker

import (
	"context"
	"errors"
	"net/http"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal"
)

// pixel is a transparent GIF of one by one.
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// impression is GET /v1/impression: an ad was seen. It answers 204, or a pixel with format=gif.
func (t *Tracker) impression(ctx *fasthttp.RequestCtx) {
	s := t.begin(ctx)
	if s == nil {
		answerNotReady(ctx)
		return
	}
	defer t.end(s)
	t.seen.count(s.client.addr)
	s.readLink(string(ctx.URI().QueryString()), "")
	if !ctx.IsHead() {
		s.recognise(t.hasher)
		s.decide(event.Status_STATUS_UNSPECIFIED)
		s.describe()
		e := &s.event
		e.EventType, e.Origin = event.EventType_EVENT_TYPE_IMPRESSION, event.Origin_ORIGIN_OWN
		err := t.journal.Accept(context.Background(), e)
		if err != nil && !errors.Is(err, journal.ErrUnbilled) {
			t.answerNotAccepted(ctx, err)
			return
		}
		t.remember(s)
		if err == nil {
			answerAccepted(ctx, e, "")
		}
	}
	noStore(ctx)
	if s.query.First("format") == "gif" {
		ctx.SetContentType("image/gif")
		ctx.SetStatusCode(http.StatusOK)
		ctx.SetBodyString(pixel)
		return
	}
	ctx.SetStatusCode(http.StatusNoContent)
}
