package loadgen

import (
	"context"
	"net/http"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// walk sends one visit's requests in order and records the fate of each event.
type walk struct {
	*visit
	run *Run

	clicks          int
	clickID         string
	impressionSent  time.Time
	impressionAcked time.Time
}

func (w *walk) do(ctx context.Context) {
	for i := range w.steps {
		s := &w.steps[i]
		if !sleep(ctx, s.after) {
			return
		}
		switch s.kind {
		case impression:
			w.impression()
		case click:
			w.click()
		case batch:
			w.batch(ctx, s)
		default:
			if w.clickID == "" {
				return // the click was never answered: the visitor saw no page
			}
			w.follow(s.kind)
		}
	}
}

func (w *walk) entry(typ string) Entry {
	return Entry{EventType: typ, Campaign: w.campaign.ID, Outcome: w.campaign.outcome()}
}

func (w *walk) impression() {
	w.impressionSent = time.Now()
	a, err := w.run.send(func() (answer, error) {
		return w.run.client.get("/v1/impression", clickQuery(w.campaign.ID, w.ad, w.visitor), w.visitor)
	})
	w.impressionAcked = time.Now()
	e := w.entry("impression")
	e.EventID, e.Acked = a.eventID, err == nil && a.status == http.StatusNoContent && a.eventID != ""
	w.run.record(e)
}

func (w *walk) click() {
	w.clicks++
	sent := time.Now()
	a, err := w.run.send(func() (answer, error) {
		return w.run.client.get("/v1/click", clickQuery(w.campaign.ID, w.ad, w.visitor), w.visitor)
	})
	e := w.entry("click")
	e.Status = w.expect(w.clicks)
	if e.Status == "Suspicious" && !w.impressionSent.IsZero() {
		e.Status = hasty(sent.Sub(w.impressionAcked), time.Since(w.impressionSent))
	}
	e.PriceMicros, e.Currency = w.campaign.priceOf(w.ad)
	e.EventID, e.Acked = a.eventID, err == nil && a.status == http.StatusFound && a.eventID != ""
	w.clickID = a.clickID
	w.run.record(e)
}

// hasty is the verdict on a click when the tracker saw it at least low and at most high after the
// impression; empty when the limit lies between the two.
func hasty(low, high time.Duration) string {
	switch {
	case high < tooFast:
		return "Suspicious"
	case low >= tooFast:
		return "Valid"
	}
	return ""
}

// follow sends what comes after the click: page views, bounces and conversions.
func (w *walk) follow(k kind) {
	in := event.Input{CampaignID: w.campaign.ID, ClickID: w.clickID, UserID: w.visitor.user}
	if w.ad != nil {
		in.AdID = w.ad.ID
	}
	token := ""
	switch k {
	case pageView:
		in.EventType = "page_view"
	case bounce:
		in.EventType = "bounce"
	case lead:
		in.EventType, in.ConversionKind = "conversion", "lead"
	case purchase:
		in.EventType, in.ConversionKind, in.ConversionStatus = "conversion", "purchase", "Approved"
		in.Revenue = &event.MoneyText{Amount: "19.90", Currency: "USD"}
		token = w.run.client.token
	}
	a, err := w.run.send(func() (answer, error) { return w.run.client.post(in, w.visitor, token) })
	e := w.entry(in.EventType)
	if ids := acceptedIDs(a, err); len(ids) == 1 {
		e.EventID, e.Acked = ids[0], ids[0] != ""
	}
	w.run.record(e)
}

// batch reports a partner's events. Unanswered, it is repeated under the same ids and times, which
// may not count anything twice.
func (w *walk) batch(ctx context.Context, s *step) {
	now := time.Now()
	entries := make([]Entry, len(s.batch))
	inputs := make([]event.Input, len(s.batch))
	for i, r := range s.batch {
		e := w.entry(r.typ)
		e.EventID, e.Timestamp = r.id, now.Add(-r.age).UnixMilli()
		in := event.Input{EventType: r.typ, EventID: r.id, Timestamp: e.Timestamp, CampaignID: e.Campaign}
		who := w.run.planner.visitor(maxVisits + w.number*maxBatch + r.visit)
		in.IPAddress, in.UserAgent, in.UserID = who.address, who.agent, who.user
		if r.ad != nil {
			in.AdID = r.ad.ID
		}
		if r.typ == "click" {
			e.Status = "Valid"
			e.PriceMicros, e.Currency = w.campaign.priceOf(r.ad)
		}
		entries[i], inputs[i] = e, in
	}
	body := map[string]any{"events": inputs}
	post := func() (answer, error) { return w.run.client.post(body, w.visitor, w.run.client.token) }
	for range batchRetries {
		a, err := w.run.send(post)
		if ids := acceptedIDs(a, err); len(ids) == len(entries) {
			note(entries, ids)
			break
		}
		if a.status >= 400 && a.status < 500 || !sleep(ctx, batchInterval) {
			break
		}
	}
	if s.again {
		a, err := w.run.send(post)
		note(entries, acceptedIDs(a, err))
	}
	for _, e := range entries {
		w.run.record(e)
	}
}

// note counts an acknowledgement of each event: the first makes it acked, others are copies.
func note(entries []Entry, ids []string) {
	for i, id := range ids {
		switch {
		case id == "" || i >= len(entries):
		case entries[i].Acked:
			entries[i].Copies++
		default:
			entries[i].Acked = true
		}
	}
}

func acceptedIDs(a answer, err error) []string {
	if err != nil || a.status != http.StatusAccepted {
		return nil
	}
	ids, err := fates(a.body)
	if err != nil {
		return nil
	}
	return ids
}

// sleep waits and says whether the run goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
