package link

import (
	"strconv"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// Link is what a tracking link or an impression pixel states, each value checked. An empty field was
// not stated, or could not be used.
type Link struct {
	CampaignID, LpID, OfferID, TsID, AdID, PublisherID string
	UserID, DeviceID                                   string // as stated, before they are hashed
	ExternalID                                         string // the source's click id, click_id
	ClickID                                            string // a public click id of ours, clickid, unverified
	Source, Metadata                                   string
	Cost                                               int64  // micros
	CostCurrency                                       string // empty: no cost is stated
	ClickPosition                                      uint32

	subs  [event.MaxSubs]string
	pass  [maxPass]parameter // handed on to the destination
	npass int
}

// Read takes a query apart and reports to q.Problems what cannot be used. cid is the campaign's id;
// source, when the link names one, maps its own parameter names to ours and wins over ours of the same
// name.
func (l *Link) Read(q *Query, cid string, source *catalog.Source) {
	*l = Link{}
	for i := range q.n {
		p := &q.list[i]
		if p.value == "" {
			continue
		}
		if kind, limit := l.take(p, mapping(source, p.name)); kind != 0 {
			q.Problems.Add(Problem{kind, p.name, p.value, limit})
		}
	}
	l.CampaignID = cid
}

// mapping is what the source makes of a parameter, nil when it says nothing of it.
func mapping(source *catalog.Source, from string) *catalogpb.Parameter {
	if source == nil {
		return nil
	}
	for _, p := range source.GetParameters() {
		if p.GetFrom() == from {
			return p
		}
	}
	return nil
}

// take keeps one parameter under our name for it, or says what is wrong with it.
func (l *Link) take(p *parameter, mapped *catalogpb.Parameter) (wrong Kind, limit int) {
	name := p.name
	if mapped != nil {
		name = mapped.GetTo()
	}
	target, kind, limit := l.field(name)
	switch {
	case kind == 0:
		l.handOn(p)
		return 0, 0
	case kind == Amount && mapped == nil:
		return CostUnmapped, 0
	case looksLikeMacro(p.value), mapped.GetMacro() != "" && p.value == mapped.GetMacro():
		return Macro, 0
	case kind == Number:
		return l.setPosition(p.value), 0
	case kind == Amount:
		return l.setCost(p.value, mapped.GetCurrency()), 0
	case *target != "":
		return Repeated, 0
	case !valid(p.value, kind, limit):
		return kind, limit
	}
	*target = p.value
	return 0, 0
}

// valid checks an ID or a Text.
func valid(value string, kind Kind, limit int) bool {
	if kind == ID {
		return event.ValidID(value)
	}
	return event.ValidText(value, limit)
}

func (l *Link) setPosition(value string) (wrong Kind) {
	n, err := strconv.ParseUint(value, 10, 32)
	switch {
	case err != nil:
		return Number
	case l.ClickPosition != 0:
		return Repeated
	}
	l.ClickPosition = uint32(n)
	return 0
}

func (l *Link) setCost(value, currency string) (wrong Kind) {
	micros, err := event.ParseMoney(value)
	switch {
	case err != nil, micros > event.MaxCostMicros:
		return Amount
	case l.CostCurrency != "":
		return Repeated
	}
	l.Cost, l.CostCurrency = micros, currency
	return 0
}

// SetSubs states sub1 and those after it, at most event.MaxSubs.
func (l *Link) SetSubs(list []string) { copy(l.subs[:], list) }

// Subs returns sub1 up to the last one that is set; the list shares l's memory.
func (l *Link) Subs() []string {
	n := len(l.subs)
	for n > 0 && l.subs[n-1] == "" {
		n--
	}
	return l.subs[:n:n]
}

// TakePublisher replaces the publisher by the one that the campaign names for the ad, and reports
// whether it names one: it is the campaign's word, not the visitor's. c may be nil.
func (l *Link) TakePublisher(c *catalog.Campaign) bool {
	if c == nil {
		return false
	}
	publisher := c.Ads[l.AdID].GetPublisher()
	if publisher != "" {
		l.PublisherID = publisher
	}
	return publisher != ""
}
