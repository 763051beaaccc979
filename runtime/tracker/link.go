package tracker

import (
	"strconv"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
)

// maxStated bounds a user or device id as it is stated, before it is hashed, and the source's click
// id, in bytes.
const maxStated = 256

// link is what a tracking link or an impression pixel states, each value checked.
type link struct {
	cid, lpID, offerID, tsID, adID, pubID string
	userID, deviceID                      string
	externalID, source, meta, clickID     string
	cost                                  int64
	costCurrency                          string
	position                              uint32
	subs                                  [event.MaxSubs]string
	nsubs                                 int
	pass                                  [maxPass]pair
	npass                                 int
}

// maxPass bounds the advertising parameters that are handed on to the destination.
const maxPass = 16

// id finds the campaign id that the request states, which decides how the rest is read. It is empty
// when it is missing or unusable: then the click is an orphan.
func (q *query) id(name string) string {
	switch id := q.first(name); {
	case id == "":
		return ""
	case looksLikeMacro(id), !event.ValidID(id):
		return ""
	default:
		return id
	}
}

// read fills the link from the query. cid is the campaign's id; source, when the link names one, maps
// its own parameter names to ours and wins over ours of the same name.
func (l *link) read(q *query, cid string, source *catalog.Source) {
	*l = link{}
	for i := range q.n {
		p := &q.pairs[i]
		if p.value == "" {
			continue
		}
		to, currency, mapped := mapping(source, p.name)
		if !mapped {
			to = p.name
		}
		l.set(q, to, p, currency, mapped)
	}
	l.cid = cid
}

func mapping(source *catalog.Source, from string) (to, currency string, ok bool) {
	if source == nil {
		return "", "", false
	}
	for _, p := range source.GetParameters() {
		if p.GetFrom() == from {
			return p.GetTo(), p.GetCurrency(), true
		}
	}
	return "", "", false
}

// set takes one parameter under our name for it.
func (l *link) set(q *query, name string, p *pair, currency string, mapped bool) {
	target, kind, limit := l.field(name)
	switch {
	case name == "pos" || name == "cost" && mapped:
	case name == "cost":
		q.problems.add(problemCost)
		return
	case target == nil:
		l.handOn(p)
		return
	}
	switch {
	case looksLikeMacro(p.value):
		q.problems.add(problemMacro)
	case name == "pos":
		l.setPosition(q, p.value)
	case name == "cost":
		l.setCost(q, p.value, currency)
	case *target != "":
		q.problems.add(problemRepeated)
	case kind == problemID && !event.ValidID(p.value), kind == problemText && !usableText(p.value, limit):
		q.problems.add(kind)
	default:
		*target = p.value
	}
}

// field is where a parameter is kept and how it is checked; nil for a name that is not ours.
func (l *link) field(name string) (target *string, kind problemKind, limit int) {
	switch name {
	case "cid":
		return &l.cid, problemID, 0
	case "lp_id":
		return &l.lpID, problemID, 0
	case "offer_id":
		return &l.offerID, problemID, 0
	case "ts_id":
		return &l.tsID, problemID, 0
	case "ad_id", "ad":
		return &l.adID, problemID, 0
	case "pub_id", "pub":
		return &l.pubID, problemID, 0
	case "uid":
		return &l.userID, problemText, maxStated
	case "did":
		return &l.deviceID, problemText, maxStated
	case "click_id":
		return &l.externalID, problemText, maxStated
	case "clickid":
		return &l.clickID, problemText, maxStated
	case "source":
		return &l.source, problemText, event.MaxSub
	case "meta":
		return &l.meta, problemText, event.MaxMetadata
	}
	if n := subNumber(name); n > 0 {
		l.nsubs = max(l.nsubs, n)
		return &l.subs[n-1], problemText, event.MaxSub
	}
	return nil, 0, 0
}

// subNumber is n of "sub"n, 0 when name is not one of sub1..sub20.
func subNumber(name string) int {
	digits, ok := strings.CutPrefix(name, "sub")
	if !ok || len(digits) == 0 || len(digits) > 2 || digits[0] == '0' {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > event.MaxSubs {
		return 0
	}
	return n
}

func (l *link) setPosition(q *query, value string) {
	n, err := strconv.ParseUint(value, 10, 32)
	switch {
	case err != nil:
		q.problems.add(problemNumber)
	case l.position != 0:
		q.problems.add(problemRepeated)
	default:
		l.position = uint32(n)
	}
}

func (l *link) setCost(q *query, value, currency string) {
	micros, err := event.ParseMoney(value)
	switch {
	case err != nil:
		q.problems.add(problemNumber)
	case l.costCurrency != "":
		q.problems.add(problemRepeated)
	default:
		l.cost, l.costCurrency = micros, currency
	}
}

// handOn keeps a parameter that advertising tools behind us need: click ids of networks and utm_*.
func (l *link) handOn(p *pair) {
	if !passesThrough(p.name) || l.npass == maxPass || !usableText(p.value, maxPassValue) {
		return
	}
	for i := range l.npass {
		if l.pass[i].name == p.name {
			return
		}
	}
	l.pass[l.npass] = *p
	l.npass++
}

// subList is sub1 up to the last one that is set, in memory of its own.
func (l *link) subList() []string {
	n := l.nsubs
	for n > 0 && l.subs[n-1] == "" {
		n--
	}
	return l.subs[:n:n]
}
