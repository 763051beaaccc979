package tracker

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// linkRequest is the body of POST /clicks/generate.
type linkRequest struct {
	BaseURL     string `json:"base_url"`
	CampaignID  string `json:"campaign_id"`
	ClickID     string `json:"click_id"` // the source's, as in links
	Source      string `json:"source"`
	LpID        string `json:"lp_id"`
	OfferID     string `json:"offer_id"`
	TsID        string `json:"ts_id"`
	AdID        string `json:"ad_id"`
	PublisherID string `json:"publisher_id"`
	Metadata    string `json:"metadata"`
	event.Subs
}

// generate is POST /clicks/generate: a checked, compact tracking link.
func (t *Tracker) generate(ctx *fasthttp.RequestCtx) {
	v := t.view.Load()
	if v == nil {
		answerNotReady(ctx)
		return
	}
	caller, refused := t.callerOf(ctx)
	if refused == nil && caller.visitor() && !v.tracker.GetSigningOff() {
		refused = problem.New(http.StatusUnauthorized, "key-needed", "A traffic source's key is needed", "send it as Authorization: Bearer while signing is on")
	}
	if refused != nil {
		answerProblem(ctx, refused)
		return
	}
	r := linkRequest{}
	decoder := json.NewDecoder(bytes.NewReader(ctx.PostBody()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		answerProblem(ctx, problem.BadParameter("", "not a JSON object of known fields: "+err.Error()))
		return
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		answerProblem(ctx, problem.BadParameter("", "more than one JSON value"))
		return
	}
	text, bad := v.link(&r, string(ctx.Host()))
	if bad != nil {
		answerProblem(ctx, bad)
		return
	}
	noStore(ctx)
	ctx.SetContentType("application/json")
	ctx.SetStatusCode(http.StatusOK)
	encoder := json.NewEncoder(ctx)
	encoder.SetEscapeHTML(false) // the link is for people to copy
	if err := encoder.Encode(map[string]string{"url": text}); err != nil {
		answerProblem(ctx, problem.New(http.StatusInternalServerError, "internal", "The link could not be written", ""))
	}
}

// link checks everything the request states with the rules of the parser, and writes the link.
func (v *view) link(r *linkRequest, host string) (string, *problem.Problem) {
	base := v.base(host)
	if r.BaseURL != "" {
		var bad *problem.Problem
		if base, bad = v.ownBase(r.BaseURL); bad != nil {
			return "", bad
		}
	}
	c := v.catalog.CampaignOn(v.key, r.CampaignID)
	if c == nil {
		return "", problem.BadParameter("campaign_id", "this tracker serves no such campaign")
	}
	params, bad := r.parameters(c)
	if bad != nil {
		return "", bad
	}
	text := catalog.Link(base, r.CampaignID)
	if params != "" {
		text += "?" + params
	}
	if len(text) > event.MaxURL {
		return "", problem.BadParameter("", "the link would have "+strconv.Itoa(len(text))+" bytes, at most "+strconv.Itoa(event.MaxURL)+" are allowed")
	}
	return text, nil
}

// ownBase is scheme and host of a base URL that is one of the tracker's own domains.
func (v *view) ownBase(text string) (string, *problem.Problem) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "", u.User != nil:
		return "", problem.BadParameter("base_url", "write scheme and host alone, like https://"+strings.Join(v.tracker.GetDomains()[:min(1, len(v.tracker.GetDomains()))], ""))
	case !v.domains[strings.ToLower(u.Hostname())]:
		return "", problem.BadParameter("base_url", "not one of this tracker's domains: "+strings.Join(v.tracker.GetDomains(), ", "))
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// parameters writes what is set, in the order of the documentation.
func (r *linkRequest) parameters(c *catalog.Campaign) (string, *problem.Problem) {
	if r.LpID != "" && c.Pages[r.LpID] == nil {
		return "", problem.BadParameter("lp_id", "the campaign has no such landing page")
	}
	if r.OfferID != "" && c.Offers[r.OfferID] == nil {
		return "", problem.BadParameter("offer_id", "the campaign has no such offer")
	}
	l := link.Link{
		LpID: r.LpID, OfferID: r.OfferID, TsID: r.TsID, AdID: r.AdID, PublisherID: r.PublisherID,
		ExternalID: r.ClickID, Source: r.Source, Metadata: r.Metadata,
	}
	l.SetSubs(r.List())
	if wrong, bad := l.Check(); bad {
		return "", problemOf(wrong)
	}
	return string(l.AppendQuery(nil)), nil
}

// fields are those that links call otherwise.
var fields = map[string]string{"pub_id": "publisher_id", "meta": "metadata"}

func problemOf(wrong link.Problem) *problem.Problem {
	detail := badID
	if wrong.Kind == link.Text {
		detail = badText(wrong.Limit)
	}
	return problem.BadParameter(cmp.Or(fields[wrong.Parameter], wrong.Parameter), detail)
}

const badID = "an id has 1 to 64 characters of A-Z a-z 0-9 . _ ~ -"

func badText(limit int) string {
	return "must be UTF-8 of at most " + strconv.Itoa(limit) + " bytes"
}
