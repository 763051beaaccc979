package aggregate

import (
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// pane counts one minute of one src_part exactly: the same rules as the minute SQL, one record at a time.
type pane struct {
	part     event.SrcPart
	minute   int64
	seen     identities
	rows     map[paneKey]*paneRow
	stated   map[statedKey]struct{} // visitor-stated combinations that have a place of their own
	perOwner map[string]int         // how many of them each campaign has
	entities map[store.Entity]*paneEntity
	touched  []*paneRow // rows with figures that their entities do not have yet
}

// paneKey is a minute row's dimensions as the event has them, before folding.
type paneKey struct {
	campaign, ad, advertiser, publisher, source, country string
	priceCurrency, costCurrency                          string // of Routed clicks, else empty
	named                                                uint32
}

// statedKey is what a visitor stated under a campaign.
type statedKey struct{ campaign, ad, publisher, source string }

// paneRow gathers figures between two flushes, so that an event costs one look-up.
type paneRow struct {
	key      paneKey
	fresh    store.Counts
	money    store.Money
	queued   bool
	entities [7]*paneEntity
}

type paneEntity struct {
	counts  store.Counts
	changed bool
}

func newPane(part event.SrcPart, minute int64) *pane {
	return &pane{
		part: part, minute: minute, seen: newIdentities(),
		rows: map[paneKey]*paneRow{}, stated: map[statedKey]struct{}{}, perOwner: map[string]int{},
		entities: map[store.Entity]*paneEntity{},
	}
}

// add counts one event. Events come in log order: the first copy wins, later ones are duplicates of
// its row. limit bounds the visitor-stated combinations per campaign. An own event that was moved here
// has a counter of another partition, so it is told by its whole id, as foreign ones are.
func (p *pane) add(e *event.Event, limit int) {
	if e.Origin == event.Origin_ORIGIN_OWN && event.SrcPart(e.SrcPart) == p.part {
		row := p.row(e, limit)
		if id, _ := event.IDFromBytes(e.EventId); p.seen.seenOwn(id) {
			row.duplicate(e)
			return
		}
		row.count(e)
		return
	}
	id := e.Identity()
	if first := p.seen.foreign[id]; first != nil {
		p.touch(first)
		first.duplicate(e)
		return
	}
	row := p.row(e, limit)
	p.seen.foreign[id] = row
	row.count(e)
}

// row finds or makes the row of e and notes that it has something fresh.
func (p *pane) row(e *event.Event, limit int) *paneRow {
	key := paneKey{
		campaign: e.CountedCampaign(), ad: e.AdId, advertiser: e.AdvertiserId, publisher: e.PublisherId,
		source: e.TsId, country: e.Country, named: e.Named,
	}
	if billed(e) {
		key.priceCurrency, key.costCurrency = e.PriceCurrency, e.CostCurrency
	}
	row := p.rows[key]
	if row == nil {
		row = p.newRow(key, limit)
	}
	p.touch(row)
	return row
}

func (p *pane) touch(row *paneRow) {
	if !row.queued {
		row.queued = true
		p.touched = append(p.touched, row)
	}
}

// newRow keeps copies of the strings, because an event's may point into a whole batch of records.
func (p *pane) newRow(key paneKey, limit int) *paneRow {
	for _, s := range [...]*string{
		&key.campaign, &key.ad, &key.advertiser, &key.publisher, &key.source, &key.country,
		&key.priceCurrency, &key.costCurrency,
	} {
		*s = strings.Clone(*s)
	}
	row := &paneRow{key: key}
	p.rows[key] = row
	counted := p.fold(key, limit)
	for i, entity := range store.EntitiesOf(counted.campaign, counted.ad, counted.advertiser, counted.publisher, counted.source, counted.country) {
		if p.entities[entity] == nil {
			p.entities[entity] = &paneEntity{}
		}
		row.entities[i] = p.entities[entity]
	}
	return row
}

// fold replaces what a visitor stated when its combination came after the first limit of its
// campaign. Values that the campaign names stay.
func (p *pane) fold(key paneKey, limit int) paneKey {
	said := statedKey{campaign: key.campaign}
	for _, value := range [...]struct {
		bit  uint32
		from string
		to   *string
	}{{event.NamedAd, key.ad, &said.ad}, {event.NamedPublisher, key.publisher, &said.publisher}, {event.NamedSource, key.source, &said.source}} {
		if key.named&value.bit == 0 {
			*value.to = value.from
		}
	}
	if said.ad == "" && said.publisher == "" && said.source == "" {
		return key
	}
	if _, known := p.stated[said]; known {
		return key
	}
	if p.perOwner[said.campaign] < limit {
		p.perOwner[said.campaign]++
		p.stated[said] = struct{}{}
		return key
	}
	if said.ad != "" {
		key.ad = event.FoldedValue
	}
	if said.publisher != "" {
		key.publisher = event.FoldedValue
	}
	if said.source != "" {
		key.source = event.FoldedValue
	}
	return key
}

// settle moves what the rows gathered into their entities.
func (p *pane) settle() {
	for _, row := range p.touched {
		row.fresh.Spend(row.key.priceCurrency, row.key.costCurrency, row.money)
		for _, entity := range row.entities {
			entity.counts.Add(&row.fresh)
			entity.changed = true
		}
		row.fresh, row.money, row.queued = store.Counts{}, store.Money{}, false
	}
	p.touched = p.touched[:0]
}
