package simulate

import (
	"slices"

	"github.com/clicktally/clicktally/runtime/event"
)

// bootPart names the counters that one boot of a tracker took for one src_part.
type bootPart struct {
	boot uint64
	part event.SrcPart
}

// beat is what a heartbeat said last.
type beat struct{ settled, voided, journaled uint64 }

// counters of one (boot, src_part): gap-free, with the fate of each.
type counters struct {
	next, settled, voided uint64
	fates                 map[uint64]fate // known ones at or above settled
}

type fate int

const (
	fateDurable fate = iota
	fateVoid
)

// entry is a record of the journal.
type entry struct {
	record  record
	synced  bool
	flight  *flight // that answers it, nil when none is out
	earlier bool    // of an earlier boot, whose counters are over
}

// flight is one produce request with one record, until its answer is seen.
type flight struct {
	record   record
	by       *tracker // nil once its sender is dead
	entry    *entry   // the journal's copy
	appended bool
	answered bool // the client has its answer
}

// tracker answers clients, by the log or by its journal (ack policy Race).
type tracker struct {
	*world
	boot     uint64
	counters map[event.SrcPart]*counters
	journal  []*entry
}

func newTracker(w *world) *tracker {
	t := &tracker{world: w}
	t.start()
	return t
}

func (t *tracker) start() {
	t.boot = t.Uint64()
	if t.rules.NarrowBootID {
		t.boot &= 0xff
	}
	t.counters = map[event.SrcPart]*counters{}
	if t.rules.ForgetUnshippedOnBoot {
		t.journal = nil
	}
	for _, e := range t.journal {
		e.earlier, e.flight = true, nil
	}
}

// crash ends the process: what was not synced is gone or not, as the disk likes; what is under way to the log
// may still land.
func (t *tracker) crash() {
	t.note("tracker %x dies", t.boot)
	t.outcome.Crashes++
	for _, f := range t.flights {
		if f.by == t {
			f.by, f.entry = nil, nil
		}
	}
	t.journal = slices.DeleteFunc(t.journal, func(e *entry) bool { return !e.synced && t.IntN(2) == 0 })
	for _, e := range t.journal {
		e.synced = true // it was read back
	}
	t.start()
}

func (t *tracker) step() {
	switch n := t.IntN(20); {
	case n < 9:
		t.accept()
	case n < 12:
		t.miss()
	case n < 15:
		t.sync()
	case n < 18:
		t.ship()
	default:
		t.beat()
	}
}

// accept takes a click: a new one, or one that a client states again.
func (t *tracker) accept() {
	e := t.next()
	src := t.place(e)
	c := t.counters[src]
	if c == nil {
		c = &counters{fates: map[uint64]fate{}}
		t.counters[src] = c
	}
	e.BootId, e.SrcPart, e.Counter, e.Settled = t.boot, uint32(src), c.next, c.settled
	if t.rules.SettledBeforeDurable {
		c.settled = c.next + 1
	}
	c.next++
	if e.Origin == event.Origin_ORIGIN_OWN {
		id := event.NewID(e.Timestamp, src.Partition(), t.boot, uint32(e.Counter))
		e.EventId = id[:]
	}
	t.note("tracker %x takes %x as %x/%d", t.boot, e.EventId, uint32(src), e.Counter)
	t.flights = append(t.flights, &flight{record: record{src, e}, by: t})
}

// next is the event of a client's request.
func (t *tracker) next() *event.Event {
	if len(t.foreign) > 0 && t.IntN(5) == 0 {
		again := t.foreign[t.IntN(len(t.foreign))]
		e := foreign(again.EventId, again.AdId, again.Timestamp)
		if t.IntN(4) == 0 { // the same id at another time is another event
			e.Timestamp += int64(1+t.IntN(3)) * 1000
		}
		return e
	}
	ad := string(rune('a' + t.IntN(adsPerCampaign)))
	if t.IntN(3) == 0 {
		e := foreign([]byte{byte(len(t.foreign))}, ad, t.now-int64(t.IntN(3))*40_000)
		t.foreign = append(t.foreign, e)
		return foreign(e.EventId, ad, e.Timestamp)
	}
	return click(event.Origin_ORIGIN_OWN, ad, t.now)
}

func foreign(id []byte, ad string, ms int64) *event.Event {
	e := click(event.Origin_ORIGIN_FOREIGN, ad, ms)
	e.EventId, e.Caller = id, "source"
	return e
}

func click(origin event.Origin, ad string, ms int64) *event.Event {
	return &event.Event{
		Origin: origin, EventType: event.EventType_EVENT_TYPE_CLICK, Timestamp: ms, AdId: ad, CampaignId: "c",
		Disposition: event.Disposition_DISPOSITION_ROUTED, Named: event.NamedAd, PriceMicros: 400_000, PriceCurrency: "USD",
		Country: string(rune('A' + ms/1000%countries)), Verdict: &event.Verdict{Status: event.Status_STATUS_VALID},
	}
}

func (t *tracker) place(e *event.Event) event.SrcPart {
	at := e.Timestamp
	if t.rules.PlaceByArrival {
		at = t.now
	}
	g := t.generationAt(at)
	return event.NewSrcPart(g.number, event.PartitionOf(e.AdId, nil, e.EventId, g.partitions))
}

// miss gives one flight's record to the journal: the log did not answer within the budget.
func (t *tracker) miss() {
	f := t.pick(func(f *flight) bool { return f.by == t && f.entry == nil && !f.answered })
	if f == nil {
		return
	}
	f.entry = &entry{record: f.record, flight: f}
	t.journal = append(t.journal, f.entry)
	if t.rules.AnswerBeforeSync {
		t.answer(f.record)
		f.answered = true
	}
}

// sync makes the journal durable, and answers who waits for it. A sync that fails leaves everything as it was:
// the records are written again, into another segment.
func (t *tracker) sync() {
	if t.IntN(6) == 0 {
		return
	}
	for _, e := range t.journal {
		if e.synced {
			continue
		}
		e.synced = true
		t.resolve(e.record, fateDurable)
		t.answer(e.record)
		if e.flight != nil {
			e.flight.answered = true
		}
	}
}

// ship sends what is in the journal to the place that it names.
func (t *tracker) ship() {
	for _, e := range t.journal {
		if e.synced && e.flight == nil {
			e.flight = &flight{record: e.record, by: t, entry: e, answered: true}
			t.flights = append(t.flights, e.flight)
			return
		}
	}
}

// beat reports each counter to the ledger.
func (t *tracker) beat() {
	for part, c := range t.counters {
		b := beat{settled: c.settled, voided: c.voided}
		for _, e := range t.journal {
			if e.record.part == part && !e.earlier && e.synced && e.record.event.Counter < c.settled {
				b.journaled++
			}
		}
		t.boots[bootPart{t.boot, part}] = b
	}
}

func (t *tracker) answer(r record) {
	t.answered[r.event.Identity()] = true
	t.note("answered %x", r.event.EventId)
}

// resolve notes the fate of a record of this boot.
func (t *tracker) resolve(r record, known fate) {
	c := t.counters[r.part]
	if c == nil || r.event.BootId != t.boot || r.event.Counter < c.settled {
		return
	}
	if _, twice := c.fates[r.event.Counter]; twice {
		return
	}
	c.fates[r.event.Counter] = known
	for {
		at, ok := c.fates[c.settled]
		if !ok {
			return
		}
		if at == fateVoid {
			c.voided++
		}
		delete(c.fates, c.settled)
		c.settled++
	}
}

// pick draws one of the flights that match.
func (w *world) pick(match func(*flight) bool) *flight {
	if len(w.flights) == 0 {
		return nil
	}
	from := w.IntN(len(w.flights))
	for i := range w.flights {
		if f := w.flights[(from+i)%len(w.flights)]; match(f) {
			return f
		}
	}
	return nil
}

// deliver lets the log do something with one flight.
func (w *world) deliver() {
	f := w.pick(func(*flight) bool { return true })
	if f == nil {
		return
	}
	switch n := w.IntN(10); {
	case n < 6 && !f.appended:
		f.appended = true
		w.log[f.record.part] = append(w.log[f.record.part], f.record.event)
		w.note("%x is at %x/%d", f.record.event.EventId, uint32(f.record.part), len(w.log[f.record.part])-1)
	case f.appended:
		w.land(f)
	case f.by == nil:
		w.drop(f) // its sender is dead, and it never arrived
	case n == 9 && f.entry == nil && !f.answered:
		w.drop(f) // refused for good: nobody was promised anything
		f.by.resolve(f.record, fateVoid)
	}
}

// land tells the sender that the log has the record.
func (w *world) land(f *flight) {
	w.drop(f)
	if f.by == nil {
		return
	}
	f.by.resolve(f.record, fateDurable)
	if !f.answered {
		f.by.answer(f.record)
	}
	if f.entry != nil {
		f.by.journal = slices.DeleteFunc(f.by.journal, func(e *entry) bool { return e == f.entry })
	}
}

func (w *world) drop(f *flight) {
	w.flights = slices.DeleteFunc(w.flights, func(other *flight) bool { return other == f })
}
