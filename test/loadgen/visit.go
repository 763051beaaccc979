package loadgen

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// kind is what one request of a visit is.
type kind int

const (
	impression kind = iota
	click
	pageView
	lead     // the visitor's own conversion: stays Pending, carries no money
	purchase // the advertiser's server reports a conversion with revenue
	bounce
	batch // a partner's server reports several events at once
)

// step is one request: what, and how long after the answer to the one before.
type step struct {
	after time.Duration
	kind  kind
	batch []reported // of kind batch only
	again bool       // the batch is sent a second time, as a client does that lost the answer
}

// reported is one event that a server states with its own id.
type reported struct {
	id    string
	typ   string
	ad    *Ad
	age   time.Duration // how long before now it happened
	visit int           // which visitor of the partner's
}

// visit is one visitor's requests in order.
type visit struct {
	number   int
	campaign *Campaign
	ad       *Ad
	visitor  visitor
	steps    []step
	// hasty, crawler, denied and farm visits have a verdict of their own.
	expect func(click int) string
}

// events is the number of distinct events of the visit.
func (v *visit) events() int {
	n := 0
	for _, s := range v.steps {
		n += max(1, len(s.batch))
	}
	return n
}

// cut shortens the visit to at most n distinct events.
func (v *visit) cut(n int) {
	for i := range v.steps {
		size := max(1, len(v.steps[i].batch))
		if size > n {
			v.steps[i].batch = v.steps[i].batch[:min(n, len(v.steps[i].batch))]
			if n > 0 && len(v.steps[i].batch) > 0 {
				i++
			}
			v.steps = v.steps[:i]
			return
		}
		n -= size
	}
}

// Timing of the fraud signals, well apart from the limits of the sample policy (500 ms, 5 an hour
// for a device, 10 an hour for an address), so that the expected verdict is certain.
const (
	tooFast        = 500 * time.Millisecond
	unhurried      = 700 * time.Millisecond
	farmClicks     = 15
	deviceLimit    = 5
	addressLimit   = 10
	maxBatch       = 20
	longestLate    = 72 * time.Hour
	farmPause      = 20 * time.Millisecond
	shareOfClicks  = 0.45
	shareOfLeads   = 0.10
	shareOfSales   = 0.06
	shareOfBounces = 0.15
)

// planner makes the visits of a scenario, the same ones for the same seed and run.
type planner struct {
	scenario *Scenario
	rng      *rand.Rand
	// run keeps addresses and ids of different runs apart: counters of the last hour and identities
	// must not meet.
	run  uint32
	next int
}

func newPlanner(s *Scenario, run uint32) *planner {
	return &planner{scenario: s, rng: rand.New(rand.NewPCG(s.Seed, 0)), run: run}
}

// visit plans the next visit.
func (p *planner) visit() *visit {
	v := &visit{number: p.next, campaign: p.campaign(anyCampaign)}
	p.next++
	v.ad = p.pickAd(v.campaign)
	v.visitor = p.visitor(v.number)
	w := p.scenario.Visits
	n := p.rng.IntN(w.total())
	for _, plan := range []struct {
		weight int
		make   func(*visit)
	}{{w.Person, p.person}, {w.Hasty, p.hasty}, {w.Crawler, p.crawler}, {w.Denied, p.denied}, {w.Farm, p.farm}, {w.Server, p.server}} {
		if n < plan.weight {
			plan.make(v)
			break
		}
		n -= plan.weight
	}
	return v
}

func (p *planner) person(v *visit) {
	v.expect = always("Valid")
	for range 1 + p.rng.IntN(4) {
		v.steps = append(v.steps, step{kind: impression, after: p.between(0, 80*time.Millisecond)})
	}
	if p.rng.Float64() > shareOfClicks {
		return
	}
	v.steps = append(v.steps, step{kind: click, after: p.between(unhurried, 2*unhurried)})
	if !v.campaign.routed() {
		return
	}
	if p.rng.Float64() < shareOfBounces {
		v.steps = append(v.steps, step{kind: bounce, after: p.between(10*time.Millisecond, 200*time.Millisecond)})
		return
	}
	v.steps = append(v.steps, step{kind: pageView, after: p.between(10*time.Millisecond, 200*time.Millisecond)})
	switch x := p.rng.Float64(); {
	case x < shareOfLeads:
		v.steps = append(v.steps, step{kind: lead, after: p.between(100*time.Millisecond, time.Second)})
	case x < shareOfLeads+shareOfSales && v.campaign.Partner:
		v.steps = append(v.steps, step{kind: purchase, after: p.between(100*time.Millisecond, time.Second)})
	}
}

func (p *planner) hasty(v *visit) {
	v.campaign = p.campaign((*Campaign).routed)
	v.ad = p.pickAd(v.campaign)
	v.expect = always("Suspicious")
	v.steps = []step{{kind: impression}, {kind: click}}
}

func (p *planner) crawler(v *visit) {
	v.expect = always("Fraudulent")
	v.visitor.agent = crawlers[p.rng.IntN(len(crawlers))]
	v.steps = []step{{kind: click}}
}

func (p *planner) denied(v *visit) {
	v.expect = always("Fraudulent")
	v.visitor.agent = scripts[p.rng.IntN(len(scripts))]
	v.visitor.address = fmt.Sprintf("198.51.100.%d", p.rng.IntN(256))
	v.steps = []step{{kind: click}, {kind: click, after: p.between(0, 100*time.Millisecond)}}
}

// farm is one device behind one address: the sixth click is too many for the device, the eleventh
// for the address as well.
func (p *planner) farm(v *visit) {
	v.campaign = p.campaign((*Campaign).routed)
	v.ad = p.pickAd(v.campaign)
	v.visitor.device = fmt.Sprintf("farm-%x-%d", p.run, v.number)
	v.expect = func(n int) string {
		switch {
		case n <= deviceLimit:
			return "Valid"
		case n <= addressLimit:
			return "Suspicious"
		}
		return "Fraudulent"
	}
	for range farmClicks {
		v.steps = append(v.steps, step{kind: click, after: farmPause})
	}
}

// server reports a batch: some events late by minutes or days, none in order, every third batch twice.
func (p *planner) server(v *visit) {
	v.campaign = p.campaign((*Campaign).reportable)
	v.expect = always("Valid")
	types := []string{"impression", "impression", "click", "page_view"}
	var events []reported
	for i := range 1 + p.rng.IntN(maxBatch) {
		age := p.between(0, 5*time.Second)
		switch p.rng.IntN(10) {
		case 0:
			age = p.between(time.Minute, time.Hour)
		case 1:
			age = p.between(time.Hour, longestLate)
		}
		events = append(events, reported{
			id: fmt.Sprintf("%x-%d-%d", p.run, v.number, i), typ: types[p.rng.IntN(len(types))],
			ad: p.pickAd(v.campaign), age: age, visit: i,
		})
	}
	v.steps = []step{{kind: batch, batch: events, again: p.rng.IntN(3) == 0}}
}

// campaign picks by share among those that fit.
func (p *planner) campaign(fits func(*Campaign) bool) *Campaign {
	total := 0
	for i := range p.scenario.Campaigns {
		if c := &p.scenario.Campaigns[i]; fits(c) {
			total += c.Share
		}
	}
	n := p.rng.IntN(total)
	for i := range p.scenario.Campaigns {
		c := &p.scenario.Campaigns[i]
		if !fits(c) {
			continue
		}
		if n < c.Share {
			return c
		}
		n -= c.Share
	}
	return nil // not reached: n is below the total
}

func anyCampaign(*Campaign) bool { return true }

func (p *planner) pickAd(c *Campaign) *Ad {
	if len(c.Ads) == 0 {
		return nil
	}
	return &c.Ads[p.rng.IntN(len(c.Ads))]
}

func (p *planner) between(low, high time.Duration) time.Duration {
	return low + time.Duration(p.rng.Int64N(int64(high-low)))
}

func always(status string) func(int) string { return func(int) string { return status } }
