package aggregate

import (
	"iter"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/intern"
	"github.com/clicktally/clicktally/runtime/store"
)

// pane counts one minute of one src_part exactly: the same rules as the minute SQL, one record at a time.
type pane struct {
	part       event.SrcPart
	minute     int64
	seen       identities
	values     [len(dimensions)]dimension
	entities   []tally
	touched    []uint32            // entities that changed since they were last taken
	stated     map[stated]struct{} // visitor-stated combinations that have a place of their own
	perOwner   map[uint32]int      // how many of them each campaign has
	currencies intern.Table
}

// dimensions are the kinds of entities that have values; a pane counts all of its events beside them.
var dimensions = [...]string{
	store.EntityCampaign, store.EntityAd, store.EntityAdvertiser, store.EntityPublisher, store.EntitySource, store.EntityCountry,
}

// Places of dimensions.
const (
	atCampaign = iota
	atAd
	atAdvertiser
	atPublisher
	atSource
	atCountry
)

// dimension holds the values of one kind that the pane met, and which entity counts each.
type dimension struct {
	intern.Table
	entities []uint32
}

// sayable are the dimensions that a visitor may state.
var sayable = [...]int{atAd, atPublisher, atSource}

// said are bits of sayable: values that are not the campaign's own.
type said uint8

func (s said) has(i int) bool { return s&(1<<i) != 0 }

func saidBy(e *event.Event) said {
	var s said
	if e.AdId != "" && e.Named&event.NamedAd == 0 {
		s |= 1
	}
	if e.PublisherId != "" && e.Named&event.NamedPublisher == 0 {
		s |= 2
	}
	if e.TsId != "" && e.Named&event.NamedSource == 0 {
		s |= 4
	}
	return s
}

// stated is what a visitor said under a campaign: the entities of campaign, ad, publisher and source,
// 0 for what it did not say.
type stated [4]uint32

// counted are the entities that count an event, by dimension.
type counted [len(dimensions)]uint32

func newPane(part event.SrcPart, minute int64) *pane {
	return &pane{
		part: part, minute: minute, seen: newIdentities(), entities: []tally{{dimension: -1}},
		stated: map[stated]struct{}{}, perOwner: map[uint32]int{},
	}
}

// add counts one event. Events come in log order: the first copy wins, later ones are duplicates of
// it. limit bounds the visitor-stated combinations per campaign. It keeps nothing of e. An own
// event that was moved here has a counter of another partition, so it is told by its whole id, as foreign ones are.
func (p *pane) add(e *event.Event, limit int) {
	if e.Origin == event.Origin_ORIGIN_OWN && event.SrcPart(e.SrcPart) == p.part {
		to := p.counted(e, limit)
		id, _ := event.IDFromBytes(e.EventId)
		p.count(to, e, p.seen.seenOwn(id))
		return
	}
	id := e.Identity()
	if first, seen := p.seen.foreign[id]; seen {
		p.count(first, e, true)
		return
	}
	to := p.counted(e, limit)
	p.seen.foreign[id] = to
	p.count(to, e, false)
}

// count adds e to the tally of all events and to those of its entities.
func (p *pane) count(to counted, e *event.Event, duplicate bool) {
	a := additionOf(e, duplicate)
	if a.priceCurrency != "" {
		a.priceCurrency = p.currency(a.priceCurrency)
	}
	if a.costCurrency != "" {
		a.costCurrency = p.currency(a.costCurrency)
	}
	p.change(0, &a)
	for _, entity := range to {
		p.change(entity, &a)
	}
}

func (p *pane) change(entity uint32, a *addition) {
	t := &p.entities[entity]
	if !t.touched {
		t.touched = true
		p.touched = append(p.touched, entity)
	}
	a.to(t)
}

// currency returns a copy that lives as long as the pane.
func (p *pane) currency(code string) string {
	number, _ := p.currencies.Number(code)
	return p.currencies.Text(number)
}

// counted finds or makes the entities of e. What a visitor stated counts as FoldedValue when its
// combination came after the first limit of its campaign; values that the campaign names stay.
func (p *pane) counted(e *event.Event, limit int) counted {
	values := [len(dimensions)]string{e.CountedCampaign(), e.AdId, e.AdvertiserId, e.PublisherId, e.TsId, e.Country}
	var to counted
	to[atCampaign] = p.entity(atCampaign, values[atCampaign])
	if said := saidBy(e); said != 0 && !p.place(&to, said, &values, limit) {
		for i, at := range sayable {
			if said.has(i) {
				values[at] = event.FoldedValue
			}
		}
	}
	for at := atAd; at < len(values); at++ {
		if to[at] == 0 {
			to[at] = p.entity(at, values[at])
		}
	}
	return to
}

// entity is the entity of a value, a new one when there is none.
func (p *pane) entity(at int, value string) uint32 {
	d := &p.values[at]
	number, added := d.Number(value)
	if added {
		d.entities = append(d.entities, uint32(len(p.entities)))
		p.entities = append(p.entities, tally{dimension: int8(at), value: number})
	}
	return d.entities[number]
}

// known is the entity of a value, 0 when there is none.
func (p *pane) known(at int, value string) uint32 {
	d := &p.values[at]
	if number, found := d.Find(value); found {
		return d.entities[number]
	}
	return 0
}

// place finds the entities of what was said, when it counts as it is: its combination came before, or
// there is room. Else it says false, and to is as it was.
func (p *pane) place(to *counted, said said, values *[len(dimensions)]string, limit int) bool {
	key, met := stated{to[atCampaign]}, true
	for i, at := range sayable {
		if said.has(i) {
			key[1+i] = p.known(at, values[at])
			met = met && key[1+i] != 0 // a value that nothing counts was in no combination either
		}
	}
	_, placed := p.stated[key]
	if placed = placed && met; !placed && p.perOwner[key[0]] >= limit {
		return false
	}
	for i, at := range sayable {
		if !said.has(i) {
			continue
		}
		if key[1+i] == 0 {
			key[1+i] = p.entity(at, values[at])
		}
		to[at] = key[1+i]
	}
	if !placed {
		p.perOwner[key[0]]++
		p.stated[key] = struct{}{}
	}
	return true
}

// untaken is how many entities taken yields.
func (p *pane) untaken(all bool) int {
	if all {
		return len(p.entities)
	}
	return len(p.touched)
}

// taken yields the entities that changed since they were last taken, or all that count something.
func (p *pane) taken(all bool) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, i := range p.touched {
			p.entities[i].touched = false
			if !all && !yield(i) {
				return
			}
		}
		p.touched = p.touched[:0]
		if all {
			for i := range p.entities {
				if !yield(uint32(i)) {
					return
				}
			}
		}
	}
}

// entityOf names what a tally counts.
func (p *pane) entityOf(t *tally) store.Entity {
	if t.dimension < 0 {
		return store.Entity{Kind: store.EntityAll}
	}
	return store.Entity{Kind: dimensions[t.dimension], ID: p.values[t.dimension].Text(t.value)}
}
