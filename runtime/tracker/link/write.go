package link

import (
	"strconv"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
)

// written are the parameters of a tracking link in the order in which it states them, ids first; subs
// follow. The campaign's id stands in the path.
var written = [...]string{"lp_id", "offer_id", "ts_id", "ad_id", "pub_id", "click_id", "source", "meta"}

// Check returns the first parameter that AppendQuery would write and that Read would drop; its Kind is
// ID or Text. It reports false when there is none.
func (l *Link) Check() (Problem, bool) {
	for name := range l.stated {
		target, kind, limit := l.field(name)
		if !valid(*target, kind, limit) {
			return Problem{Kind: kind, Parameter: name, Limit: limit}, true
		}
	}
	return Problem{}, false
}

// AppendQuery appends the query of a tracking link that states l, without its question mark.
func (l *Link) AppendQuery(dst []byte) []byte {
	start := len(dst)
	for name := range l.stated {
		if len(dst) > start {
			dst = append(dst, '&')
		}
		target, _, _ := l.field(name)
		dst = catalog.AppendEscaped(append(append(dst, name...), '='), *target)
	}
	return dst
}

// stated yields the names of what l states, in the order of written.
func (l *Link) stated(yield func(name string) bool) {
	for _, name := range written {
		if target, _, _ := l.field(name); *target != "" && !yield(name) {
			return
		}
	}
	for i := range event.MaxSubs {
		if l.subs[i] != "" && !yield("sub"+strconv.Itoa(i+1)) {
			return
		}
	}
}
