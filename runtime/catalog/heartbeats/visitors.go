package heartbeats

import "time"

// window is how long visitors are counted together: an edit of how addresses are found shows after one.
const window = time.Minute

// Addresses says of how many of the latest visitors the address is known, coarsely: its changes are news.
type Addresses uint8

// Values of Addresses.
const (
	NoVisitors   Addresses = iota // nobody has come
	AllKnown                      // but for one in a hundred at most
	MostlyKnown                   // less than one in ten is hidden
	MostlyHidden                  // one in ten or more is hidden
)

// visitors counts requests by whether the address of who made them was known.
type visitors struct{ known, hidden uint64 }

func (v visitors) plus(o visitors) visitors { return visitors{v.known + o.known, v.hidden + o.hidden} }

// since is what came after another count. A process that began anew has counted less, all of it since.
func (v visitors) since(o visitors) visitors {
	if v.known < o.known || v.hidden < o.hidden {
		return v
	}
	return visitors{v.known - o.known, v.hidden - o.hidden}
}

func (v visitors) addresses() Addresses {
	switch all := v.known + v.hidden; {
	case all == 0:
		return NoVisitors
	case v.hidden*100 <= all:
		return AllKnown
	case v.hidden*10 < all:
		return MostlyKnown
	}
	return MostlyHidden
}

// visited takes in the visitors of a boot so far. Reports of boots that are over count none and are passed over.
func (p *process) visited(total visitors, now time.Time) {
	if total == (visitors{}) {
		return
	}
	if p.window.IsZero() {
		p.window = now
	}
	p.total = total
	if now.Sub(p.window) >= window {
		p.last, p.begun, p.window = total.since(p.begun), total, now
	}
}

// latest are the visitors of the last complete window; before there is one, those that have come.
func (p *process) latest() visitors {
	if p.last == (visitors{}) {
		return p.total.since(p.begun)
	}
	return p.last
}
