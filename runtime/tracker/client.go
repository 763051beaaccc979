package tracker

import (
	"net/netip"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/agent"
)

// client is who acts, as far as it is known.
type client struct {
	addr      netip.Addr // invalid when unknown
	userAgent string
	agent     agent.Agent
	referer   string
	language  string
}

// clientOf reads the client off the request.
func (t *Tracker) clientOf(ctx *fasthttp.RequestCtx, v *view) client {
	h := &ctx.Request.Header
	c := client{
		addr:      clientAddress(peerOf(ctx), v.tracker.GetTrustedHops(), v.tracker.GetHeader(), joined(h)),
		userAgent: event.Clip(string(h.UserAgent()), event.MaxUserAgent),
		referer:   event.Clip(string(h.Referer()), event.MaxReferer),
		language:  event.Clip(string(h.Peek("Accept-Language")), event.MaxLanguage),
	}
	c.agent = t.agents.Classify(c.userAgent)
	return c
}

// joined gives all values of a header as one list: a header may be stated several times, and the last
// one stands rightmost.
func joined(h *fasthttp.RequestHeader) func(string) string {
	return func(name string) string {
		values := h.PeekAll(name)
		if len(values) == 1 {
			return string(values[0])
		}
		var b strings.Builder
		for i, value := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(value)
		}
		return b.String()
	}
}

func peerOf(ctx *fasthttp.RequestCtx) netip.Addr {
	addr, _ := netip.AddrFromSlice(ctx.RemoteIP())
	return addr
}

// fetchesAhead says whether a browser asks before its user did: no click, no impression.
func fetchesAhead(h *fasthttp.RequestHeader) bool {
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		value := h.Peek(name)
		if len(value) == 0 {
			continue
		}
		text := strings.ToLower(string(value))
		if strings.Contains(text, "prefetch") || strings.Contains(text, "prerender") || strings.Contains(text, "preview") {
			return true
		}
	}
	return false
}
