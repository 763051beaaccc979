package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// ad is one ad of catalog.yaml with what its campaign pays for a click.
type ad struct {
	campaign, id string
	micros       int64
	currency     string
}

// The auditor's own copy of the prices in catalog.yaml.
var ads = []ad{
	{"spring", "ad-1", 400_000, "USD"},
	{"spring", "ad-2", 500_000, "USD"},
	{"spring", "", 500_000, "USD"},
	{"cities", "ad-3", 300_000, "EUR"},
	{"cities", "ad-4", 275_000, "EUR"},
	{"cities", "ad-5", 1, "EUR"},
}

const (
	trialCampaign = "trial"
	// orphanCampaign is known to nobody and counts under the empty campaign.
	orphanCampaign = "never-made"
	browser        = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	phone          = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
	crawler        = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
	script         = "curl/8.10.1"
)

// visitor is somebody with an address of its own, so that no velocity is ever reached.
type visitor struct{ address, agent, user string }

// planner draws what clients do. One goroutine uses it.
type planner struct {
	rng  *rand.Rand
	run  uint32
	n    int
	late []time.Duration // ages of late events, few, so that their minutes can be computed in time
	only string          // the one ad in use, when an idle partition is wanted
}

func newPlanner(seed uint64, run uint32) *planner {
	p := &planner{rng: rand.New(rand.NewPCG(seed, 1)), run: run}
	for range 8 {
		p.late = append(p.late, time.Duration(1+p.rng.IntN(6*24*60))*time.Minute)
	}
	return p
}

func (p *planner) ad() ad {
	a := ads[p.rng.IntN(len(ads))]
	for p.only != "" && a.id != p.only {
		a = ads[p.rng.IntN(len(ads))]
	}
	return a
}

func (p *planner) visitor() visitor {
	p.n++
	v := visitor{agent: browser, user: fmt.Sprintf("u-%x-%d", p.run, p.n)}
	v.address = fmt.Sprintf("2001:db8:%x:%x::1", (p.run+uint32(p.n>>16))&0xffff, p.n&0xffff)
	if p.n%3 == 0 {
		v.agent = phone
	}
	return v
}

// click is what the auditor expects of a click on a.
func (a ad) click(column string) entry {
	return entry{Campaign: a.campaign, Column: column, Micros: a.micros, Currency: a.currency}
}

// foreign is one event with an id of the caller's, ready to be sent any number of times.
type foreign struct {
	input event.Input
	entry entry
}

// foreign draws an event that states id and time.
func (p *planner) foreign(server bool, at time.Time) foreign {
	a, v := p.ad(), p.visitor()
	types := []string{"impression", "click", "page_view"}
	columns := []string{"impressions", "clicks_valid", "page_views"}
	i := p.rng.IntN(len(types))
	in := event.Input{
		EventType: types[i], EventID: fmt.Sprintf("f-%x-%d", p.run, p.n), Timestamp: at.UnixMilli(),
		CampaignID: a.campaign, AdID: a.id, UserID: v.user,
	}
	if server {
		in.IPAddress, in.UserAgent = v.address, v.agent
	}
	e := entry{Campaign: a.campaign, Column: columns[i]}
	if types[i] == "click" {
		e = a.click(columns[i])
	}
	return foreign{in, e}.stamped()
}

// stamped gives the entry the key of the input.
func (f foreign) stamped() foreign {
	f.entry.Key = fmt.Sprintf("%s@%d", f.input.EventID, f.input.Timestamp)
	return f
}

// batch draws what a partner's server reports at once: some of it late by minutes or days.
func (p *planner) batch(now time.Time) []foreign {
	list := make([]foreign, 2+p.rng.IntN(12))
	for i := range list {
		at := now.Add(-time.Duration(p.rng.IntN(3000)) * time.Millisecond)
		if p.rng.IntN(10) == 0 {
			at = now.Add(-p.late[p.rng.IntN(len(p.late))]).Truncate(time.Minute).Add(time.Duration(p.rng.IntN(60_000)) * time.Millisecond)
		}
		list[i] = p.foreign(true, at)
	}
	return list
}
