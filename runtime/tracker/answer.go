package tracker

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
)

// retryAfter is what a 503 asks a caller to wait, in seconds.
const retryAfter = "1"

// Headers that tell a caller what was recorded.
const (
	headerEventID = "X-Event-Id"
	headerClickID = "X-Click-Id"
)

// noStore keeps every copy of the answer from being used again.
func noStore(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	h.Set("Cache-Control", "no-store, no-cache, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "0")
}

// answerRedirect sends the visitor on. Never 301: a browser would keep it.
func answerRedirect(ctx *fasthttp.RequestCtx, url []byte) {
	noStore(ctx)
	ctx.Response.Header.Set("X-Robots-Tag", "noindex")
	ctx.Response.Header.SetBytesV("Location", url)
	ctx.SetStatusCode(http.StatusFound)
}

func answerAccepted(ctx *fasthttp.RequestCtx, e *event.Event, clickID string) {
	ctx.Response.Header.Set(headerEventID, e.EventIDText())
	if clickID != "" {
		ctx.Response.Header.Set(headerClickID, clickID)
	}
}

func answerProblem(ctx *fasthttp.RequestCtx, p *problem.Problem) {
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte("{}") // a struct of strings and a number always encodes
	}
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.SetContentType(problem.ContentType)
	ctx.SetStatusCode(p.Status)
	ctx.SetBody(body)
}

func answerUnavailable(ctx *fasthttp.RequestCtx, name, title, detail string) {
	answerProblem(ctx, problem.New(http.StatusServiceUnavailable, name, title, detail))
	ctx.Response.Header.Set("Retry-After", retryAfter)
}

func answerNotReady(ctx *fasthttp.RequestCtx) {
	answerUnavailable(ctx, "not-ready", "The tracker has no configuration yet", "try again in a moment")
}

func answerAhead(ctx *fasthttp.RequestCtx) {
	answerUnavailable(ctx, "prefetch", "Prefetch is not answered", "ask again when the user follows the link")
}

// answerNotAccepted says that an event could not be made durable: nothing is promised.
func (t *Tracker) answerNotAccepted(ctx *fasthttp.RequestCtx, err error) {
	t.metrics.notAccepted.Inc()
	p := notAccepted(err)
	answerProblem(ctx, p)
	if p.Status == http.StatusServiceUnavailable {
		ctx.Response.Header.Set("Retry-After", retryAfter)
	}
}

func notAccepted(err error) *problem.Problem {
	if errors.Is(err, event.ErrPoison) {
		return problem.New(http.StatusBadRequest, "not-an-event", "The event cannot be recorded", err.Error())
	}
	return problem.New(http.StatusServiceUnavailable, "not-durable", "The event could not be made durable", "it was not accepted: try again")
}
