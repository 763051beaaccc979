package aggregate

import (
	"slices"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

const (
	// paneMinutes is how many past minutes have a pane; older ones reach Redis as minute rows.
	paneMinutes = 15
	// paneAhead is how far ahead of the clock a pane may open; trackers accept 5 minutes.
	paneAhead = 6 * time.Minute
)

// panes are the exact last minutes of one src_part. They are a state machine: records in, live
// values out. Every value is F(minute, src_part) of the whole log below the offset it carries.
type panes struct {
	part  event.SrcPart
	epoch uint16
	limit int // visitor-stated combinations per campaign
	window
	open    map[int64]*pane
	last    *pane // most records follow one of the same minute
	dropped bool  // a pane was, and what it counted last may be in no value: its minute rows must be written
}

// window says for which minutes panes answer; for all others, minute rows do.
type window struct {
	// floor is the first minute that may have a pane (unix seconds): every record of it and of later
	// minutes was seen.
	floor int64
	// skippedFrom..skippedTo were met too far ahead of the clock and have no pane.
	skippedFrom, skippedTo int64
}

// exact says whether a pane answers for the minute.
func (w window) exact(minute int64) bool {
	return minute >= w.floor && (minute < w.skippedFrom || minute > w.skippedTo)
}

func newPanes(part event.SrcPart, epoch uint16, limit int, floor int64) *panes {
	return &panes{part: part, epoch: epoch, limit: limit, window: window{floor: floor}, open: map[int64]*pane{}}
}

// paneFloor is the oldest minute with a pane at now, unix seconds.
func paneFloor(now time.Time) int64 {
	return now.Truncate(time.Minute).Add(-(paneMinutes - 1) * time.Minute).Unix()
}

// add counts an event that comes next in the log.
func (p *panes) add(e *event.Event, now time.Time) {
	minute := store.MinuteOf(e.Timestamp)
	if p.last != nil && p.last.minute == minute {
		p.last.add(e, p.limit)
		return
	}
	if !p.exact(minute) {
		return
	}
	at := p.open[minute]
	if at == nil {
		if minute > now.Add(paneAhead).Unix() {
			p.skip(minute)
			return
		}
		at = newPane(p.part, minute)
		p.open[minute] = at
	}
	p.last = at
	at.add(e, p.limit)
}

func (p *panes) skip(minute int64) {
	if p.skippedFrom == 0 || minute < p.skippedFrom {
		p.skippedFrom = minute
	}
	p.skippedTo = max(p.skippedTo, minute)
	for open := range p.open {
		if !p.exact(open) {
			delete(p.open, open)
			p.dropped = true
		}
	}
	p.last = nil
}

// changed returns the values that differ from those returned before, or all of them, at the offset
// below which the log was added.
func (p *panes) changed(offset uint64, all bool) []store.LiveWrite {
	n := 0
	for _, at := range p.open {
		n += at.untaken(all)
	}
	writes, money := make([]store.LiveWrite, 0, n), make([]store.Money, 0, n)
	ver := store.Ver(p.epoch, offset)
	for _, at := range p.open {
		for i := range at.taken(all) {
			t := &at.entities[i]
			counts := t.counts()
			money = append(money, t.money...)
			counts.Money = slices.Clip(money[len(money)-len(t.money):])
			writes = append(writes, store.LiveWrite{Minute: at.minute, Entity: at.entityOf(t), SrcPart: p.part, Ver: ver, Counts: counts})
		}
	}
	return writes
}

// close ends the panes that are too old at now. What they counted was returned by changed before.
func (p *panes) close(now time.Time) {
	p.floor = max(p.floor, paneFloor(now))
	for minute := range p.open {
		if minute < p.floor {
			delete(p.open, minute)
		}
	}
	if p.last != nil && p.last.minute < p.floor {
		p.last = nil
	}
}
