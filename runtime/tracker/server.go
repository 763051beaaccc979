package tracker

import (
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/problem"
)

// Bounds of the visitor server.
const (
	maxHeaderBytes = 16 << 10
	maxBodyBytes   = 1 << 20
	readTimeout    = 10 * time.Second
	writeTimeout   = 15 * time.Second
	idleTimeout    = 75 * time.Second
	maxConnections = 1 << 16
)

func (t *Tracker) newServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                       t.handle,
		ErrorHandler:                  answerUnreadable,
		NoDefaultServerHeader:         true,
		NoDefaultContentType:          true,
		DisableHeaderNamesNormalizing: false,
		ReadBufferSize:                maxHeaderBytes,
		MaxRequestBodySize:            maxBodyBytes,
		ReadTimeout:                   readTimeout,
		WriteTimeout:                  writeTimeout,
		IdleTimeout:                   idleTimeout,
		Concurrency:                   maxConnections,
		CloseOnShutdown:               true,
		Logger:                        quiet{},
	}
}

// quiet drops fasthttp's lines about broken connections: there would be one per visitor.
type quiet struct{}

// Printf is fasthttp.Logger.
func (quiet) Printf(string, ...any) {}

// handle finds the endpoint and counts the answer. A defect that panics costs one answer, not the
// process with everyone else's.
func (t *Tracker) handle(ctx *fasthttp.RequestCtx) {
	start, r := time.Now(), routeOther
	defer func() {
		if defect := recover(); defect != nil {
			t.log.Error("request failed", "defect", defect, "stack", string(debug.Stack()))
			ctx.Response.Reset()
			answerProblem(ctx, problem.New(http.StatusInternalServerError, "internal", "The tracker failed", "it has been logged"))
		}
		t.metrics.answered(r, ctx.Response.StatusCode(), time.Since(start))
	}()
	r = t.dispatch(ctx)
}

func (t *Tracker) dispatch(ctx *fasthttp.RequestCtx) route {
	path := string(ctx.Path())
	if id, short := strings.CutPrefix(path, "/c/"); short && id != "" {
		if t.reads(ctx) {
			t.click(ctx, id)
		}
		return routeClick
	}
	switch path {
	case "/v1/click":
		if t.reads(ctx) {
			t.click(ctx, "")
		}
		return routeClick
	case "/v1/impression":
		if t.reads(ctx) {
			t.impression(ctx)
		}
		return routeImpression
	case "/v1/out":
		if t.reads(ctx) {
			t.out(ctx)
		}
		return routeOut
	case "/v1/events", "/events/track":
		if writes(ctx) {
			t.track(ctx)
		}
		return routeTrack
	case "/clicks/generate", "/v1/clicks/generate":
		if writes(ctx) {
			t.generate(ctx)
		}
		return routeGenerate
	case "/robots.txt":
		robots(ctx)
		return routeRobots
	}
	answerProblem(ctx, problem.New(http.StatusNotFound, "not-found", "There is nothing here", "a tracking link is /v1/click?cid=... or /c/..."))
	return routeOther
}

// robots allows all: a crawler that cannot follow a link cannot judge the advertisement behind it.
func robots(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString("User-agent: *\nAllow: /\n")
}

// reads lets GET and HEAD through that a user asked for.
func (t *Tracker) reads(ctx *fasthttp.RequestCtx) bool {
	if !ctx.IsGet() && !ctx.IsHead() {
		answerMethod(ctx, "GET, HEAD")
		return false
	}
	if fetchesAhead(&ctx.Request.Header) {
		t.metrics.ahead.Inc()
		answerAhead(ctx)
		return false
	}
	return true
}

func writes(ctx *fasthttp.RequestCtx) bool {
	if !ctx.IsPost() {
		answerMethod(ctx, "POST")
		return false
	}
	return true
}

func answerMethod(ctx *fasthttp.RequestCtx, allow string) {
	answerProblem(ctx, problem.New(http.StatusMethodNotAllowed, "method-not-allowed", "The method is not allowed here", "allowed: "+allow))
	ctx.Response.Header.Set("Allow", allow)
}

// answerUnreadable answers what fasthttp could not read as a request.
func answerUnreadable(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.As(err, &small):
		answerProblem(ctx, problem.New(http.StatusRequestHeaderFieldsTooLarge, "header-too-large", "Request line and headers are too large", "at most 16 KiB together"))
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		answerProblem(ctx, problem.New(http.StatusRequestEntityTooLarge, "body-too-large", "The body is too large", "at most 1 MiB"))
	default:
		answerProblem(ctx, problem.New(http.StatusBadRequest, "bad-request", "This is not a readable request", ""))
	}
}
