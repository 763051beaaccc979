package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
)

// maxBatch bounds the events of one POST.
const maxBatch = 500

// fate is what became of one event of a POST.
type fate struct {
	Index   *int             `json:"index,omitempty"` // of a rejected event in its batch
	EventID string           `json:"event_id,omitempty"`
	ClickID string           `json:"click_id,omitempty"` // of an own click, to follow it up
	Status  string           `json:"status"`             // accepted, rejected
	Problem *problem.Problem `json:"problem,omitempty"`
}

// track is POST /events/track and /v1/events: one event, or a batch in which each event has its own
// fate.
func (t *Tracker) track(ctx *fasthttp.RequestCtx) {
	if t.view.Load() == nil {
		answerNotReady(ctx)
		return
	}
	from, refused := t.callerOf(ctx)
	if refused != nil {
		answerProblem(ctx, refused)
		return
	}
	bodies, batch, bad := splitBatch(ctx.PostBody())
	if bad != nil {
		answerProblem(ctx, bad)
		return
	}
	fates := t.take(ctx, bodies, from)
	if !batch && fates[0].Problem != nil {
		answerProblem(ctx, fates[0].Problem)
		if fates[0].Problem.Status == http.StatusServiceUnavailable {
			ctx.Response.Header.Set("Retry-After", retryAfter)
		}
		return
	}
	if !batch {
		ctx.Response.Header.Set(headerEventID, fates[0].EventID)
		if fates[0].ClickID != "" {
			ctx.Response.Header.Set(headerClickID, fates[0].ClickID)
		}
	}
	body, err := json.Marshal(map[string][]fate{"events": fates})
	if err != nil {
		answerProblem(ctx, problem.New(http.StatusInternalServerError, "internal", "The answer could not be written", "the events were taken"))
		return
	}
	noStore(ctx)
	ctx.SetContentType("application/json")
	ctx.SetStatusCode(http.StatusAccepted)
	ctx.SetBody(body)
}

// take prepares every event, accepts the good ones at once, and tells each fate in order.
func (t *Tracker) take(ctx *fasthttp.RequestCtx, bodies []json.RawMessage, from caller) []fate {
	fates := make([]fate, len(bodies))
	visits := make([]*visit, 0, len(bodies))
	events := make([]*event.Event, 0, len(bodies))
	places := make([]int, 0, len(bodies))
	for i, body := range bodies {
		s := t.begin(ctx)
		if bad := t.prepare(ctx, s, body, from); bad != nil {
			fates[i] = rejected(i, bad)
			t.end(s)
			continue
		}
		visits, events, places = append(visits, s), append(events, &s.event), append(places, i)
	}
	for k, err := range t.journal.AcceptBatch(context.Background(), events) {
		i, s := places[k], visits[k]
		if err != nil {
			t.metrics.notAccepted.Inc()
			fates[i] = rejected(i, notAccepted(err))
		} else {
			fates[i] = fate{EventID: s.event.EventIDText(), Status: "accepted"}
			switch s.event.EventType {
			case event.EventType_EVENT_TYPE_CLICK:
				fates[i].ClickID = t.publicID(&s.event)
			case event.EventType_EVENT_TYPE_IMPRESSION:
				t.remember(s)
			}
		}
		t.end(s)
	}
	return fates
}

func rejected(i int, p *problem.Problem) fate {
	return fate{Index: &i, Status: "rejected", Problem: p}
}

// splitBatch takes {"events": [...]} apart; any other object is one event.
func splitBatch(body []byte) (bodies []json.RawMessage, batch bool, bad *problem.Problem) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, false, badBody("not a JSON object: " + err.Error())
	}
	list, batch := fields["events"]
	if !batch {
		return []json.RawMessage{body}, false, nil
	}
	if len(fields) > 1 {
		return nil, true, badBody(`a batch is {"events": [...]} and nothing else`)
	}
	if err := json.Unmarshal(list, &bodies); err != nil {
		return nil, true, problem.BadParameter("events", "must be a list of events")
	}
	if len(bodies) == 0 || len(bodies) > maxBatch {
		return nil, true, problem.BadParameter("events", "a batch has 1 to "+strconv.Itoa(maxBatch)+" events")
	}
	return bodies, true, nil
}

func badBody(detail string) *problem.Problem {
	return problem.New(http.StatusBadRequest, "bad-body", "The body cannot be read", detail)
}

// problemOfInput is the answer to JSON that is not an event.
func problemOfInput(err error) *problem.Problem {
	if wrong, ok := errors.AsType[*event.InputError](err); ok && wrong.Field != "" {
		return problem.BadParameter(wrong.Field, wrong.Reason)
	}
	return badBody(err.Error())
}
