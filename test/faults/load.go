package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

const (
	// maxClients bounds the requests that wait for an answer; beyond it clients stay away.
	maxClients = 1024
	// loadTick is how often the load catches up with its rate.
	loadTick = 10 * time.Millisecond
	// A client with an id of its own repeats an unanswered event, same id and same time.
	repeats     = 40
	repeatEvery = 500 * time.Millisecond
	// A click that was sent more often than this may have reached a limit of velocity.
	sureSends = 5
)

// load sends events at a constant rate while it is on.
type load struct {
	client  *client
	audit   *auditor
	planner *planner
	rate    int // events a second

	slots   chan struct{}
	on      atomic.Bool
	working sync.WaitGroup
	stop    context.CancelFunc
	done    chan struct{}
	refused atomic.Int64 // events that got no promise
	absent  atomic.Int64 // requests that were not made: too many waited
}

func (l *load) start(ctx context.Context) {
	ctx, l.stop = context.WithCancel(ctx)
	l.slots, l.done = make(chan struct{}, maxClients), make(chan struct{})
	l.on.Store(true)
	go l.run(ctx)
}

func (l *load) run(ctx context.Context) {
	defer close(l.done)
	tick := time.NewTicker(loadTick)
	defer tick.Stop()
	last, owed := time.Now(), 0.0
	for {
		select {
		case <-ctx.Done():
			l.working.Wait()
			return
		case now := <-tick.C:
			owed += now.Sub(last).Seconds() * float64(l.rate)
			last = now
		}
		if !l.on.Load() {
			owed = 0
			continue
		}
		owed = min(owed, float64(l.rate)) // a second at most is made up for
		for owed > 0 {
			n, work := l.next(ctx)
			owed -= float64(n)
			select {
			case l.slots <- struct{}{}:
				l.working.Go(func() { work(); <-l.slots })
			default:
				l.absent.Add(1)
			}
		}
	}
}

// rest stops sending and waits until every client has its answer or gave up.
func (l *load) rest() {
	l.on.Store(false)
	for len(l.slots) > 0 {
		<-time.After(loadTick)
	}
}

func (l *load) resume() { l.on.Store(true) }

func (l *load) close() {
	l.stop()
	<-l.done
}

// next draws one client's visit and says how many events it is.
func (l *load) next(ctx context.Context) (events int, work func()) {
	p := l.planner
	now := time.Now()
	switch n := p.rng.IntN(100); {
	case n < 35:
		a, v := p.ad(), p.visitor()
		return 1, func() { l.impression(a, v) }
	case n < 60:
		return 1, l.click()
	case n < 70:
		a, v, lead := p.ad(), p.visitor(), p.rng.IntN(4) == 0
		return 2, func() { l.visit(a, v, lead) }
	case n < 90:
		f, v := p.foreign(false, now), p.visitor()
		list := []foreign{f}
		again := p.rng.IntN(4) == 0 // 5 % of all requests
		if p.rng.IntN(20) == 0 {
			other := f
			other.input.Timestamp++ // the same id at another time is another event
			list = append(list, other.stamped())
		}
		return len(list), func() {
			for _, f := range list {
				l.foreign(ctx, []foreign{f}, f.input, v, "", again)
			}
		}
	default:
		list, v, again := p.batch(now), p.visitor(), p.rng.IntN(4) == 0
		inputs := make([]event.Input, len(list))
		for i, f := range list {
			inputs[i] = f.input
		}
		return len(list), func() {
			l.foreign(ctx, list, map[string]any{"events": inputs}, v, partnerToken, again)
		}
	}
}

func link(campaign, ad string, v visitor) url.Values {
	q := url.Values{"cid": {campaign}, "uid": {v.user}}
	if ad != "" {
		q.Set("ad_id", ad)
	}
	return q
}

// own records an event whose id is ours, when the answer promised it.
func (l *load) own(e entry, a answer, err error, want int) bool {
	if err != nil || a.status != want || a.eventID == "" {
		l.refused.Add(1)
		return false
	}
	e.Key, e.own = a.eventID, true
	l.audit.acknowledged(e)
	return true
}

func (l *load) impression(a ad, v visitor) {
	answer, err := l.client.get("/v1/impression", link(a.campaign, a.id, v), v)
	l.own(entry{Campaign: a.campaign, Column: "impressions"}, answer, err, http.StatusNoContent)
}

// click draws a click: most are people, some are crawlers, denied, orphans, or of a campaign on trial.
func (l *load) click() func() {
	a, v := l.planner.ad(), l.planner.visitor()
	e := a.click("clicks_valid")
	switch n := l.planner.rng.IntN(100); {
	case n < 3:
		v.agent = crawler
		e = a.click("clicks_fraudulent")
	case n < 6:
		v.agent, v.address = script, "198.51.100.7"
		e = a.click("clicks_fraudulent")
	case n < 9 && l.planner.only == "":
		a = ad{campaign: orphanCampaign}
		e = entry{Column: "clicks_valid"}
	case n < 15 && l.planner.only == "":
		a = ad{campaign: trialCampaign}
		e = entry{Campaign: trialCampaign, Column: "clicks_test"}
	}
	return func() {
		answer, err := l.client.get("/v1/click", link(a.campaign, a.id, v), v)
		l.own(e, answer, err, http.StatusFound)
	}
}

// visit is a click and what follows from it.
func (l *load) visit(a ad, v visitor, lead bool) {
	answer, err := l.client.get("/v1/click", link(a.campaign, a.id, v), v)
	if !l.own(a.click("clicks_valid"), answer, err, http.StatusFound) {
		return
	}
	in := event.Input{EventType: "page_view", CampaignID: a.campaign, AdID: a.id, ClickID: answer.clickID, UserID: v.user}
	e := entry{Campaign: a.campaign, Column: "page_views"}
	if lead {
		in.EventType, in.ConversionKind, e.Column = "conversion", "lead", "conversions"
	}
	answer, err = l.client.post(in, v, "")
	l.own(e, answer, err, http.StatusAccepted)
}

// foreign sends events with ids of their own until each is promised, or the client is told that it is
// wrong, or it gives up; and then perhaps once more.
func (l *load) foreign(ctx context.Context, list []foreign, body any, v visitor, token string, again bool) {
	known := make([]bool, len(list))
	promised, sent := 0, 0
	send := func() (wrong bool) {
		sent++
		a, err := l.client.post(body, v, token)
		if err != nil || a.status != http.StatusAccepted {
			return a.status >= 400 && a.status < 500
		}
		var entries []entry
		for i, fate := range fates(a.body, len(list)) {
			if fate.accepted {
				e := list[i].entry
				e.Open = sent > sureSends && list[i].input.EventType == "click"
				entries = append(entries, e)
				if !known[i] {
					promised++
				}
			}
			known[i] = known[i] || fate.accepted || fate.wrong
		}
		l.audit.acknowledged(entries...)
		return false
	}
	for range repeats {
		if send() || !slices.Contains(known, false) || !pause(ctx, repeatEvery) {
			break
		}
	}
	if again {
		send()
	}
	l.refused.Add(int64(len(list) - promised))
}
