package simulate

import (
	"maps"
	"slices"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

const paneMinutes = 3 // minutes with a live pane

// worker is an aggregator. Two of them own every src_part at the same time: one may be a zombie that was paused
// while the other took over.
type worker struct {
	*world
	epoch uint16
	parts map[event.SrcPart]*partition
	at    event.SrcPart // the one it is busy with
}

// partition is what a worker remembers of a src_part.
type partition struct {
	part   event.SrcPart
	loaded uint64 // below it everything is under a manifest
	next   uint64 // the next offset to load
	dirty  map[int64]uint64
	marked map[int64]uint64

	buffer  []uint64 // offsets that wait for a flush
	effects []func() // what is left of a flush or a computation, in order
	retry   func()   // begins it again

	liveNext uint64
	floor    int64 // the first minute with a pane
	panes    map[int64]*pane
	rewrite  bool
}

type pane struct {
	events []*event.Event
	dirty  bool
}

// liveValue is one minute of one src_part in Redis.
type liveValue struct {
	ver    uint64
	clicks int64
}

func newWorker(w *world) *worker {
	return &worker{world: w, epoch: w.epoch, parts: map[event.SrcPart]*partition{}}
}

func (w *worker) crash() {
	w.note("a worker dies")
	w.outcome.Crashes++
	w.epoch, w.parts = w.world.epoch, map[event.SrcPart]*partition{}
}

// step does one thing for one src_part.
func (w *worker) step() {
	if parts := w.world.parts(); w.at == 0 || w.IntN(8) == 0 {
		w.at = parts[w.IntN(len(parts))]
	}
	p := w.parts[w.at]
	if p == nil {
		w.open(w.at)
		return
	}
	switch n := w.IntN(10); {
	case len(p.effects) > 0 && n < 7:
		w.effect(p)
	case n < 4:
		w.read(p, uint64(1+w.IntN(4)))
	case n < 6:
		w.flush(p)
	case n < 8:
		w.computeDue(p)
	default:
		w.publish(p)
	}
}

// open takes a src_part over: all that counts is in the tables.
func (w *worker) open(part event.SrcPart) {
	position := w.tables.position(part)
	if w.rules.StartAtLogEnd && position == 0 {
		position = uint64(len(w.log[part]))
	}
	p := &partition{
		part: part, loaded: position, next: position, marked: map[int64]uint64{}, panes: map[int64]*pane{}, rewrite: true,
		dirty: w.tables.dirty(part, position, func(to uint64) uint64 { return versionOf(w.epoch, to, w.rules) }),
		floor: store.MinuteOf(w.now) - (paneMinutes-1)*60,
	}
	p.liveNext = w.tables.liveFrom(part, position, p.floor)
	if w.rules.LiveFromLoadPosition {
		p.liveNext = position
	}
	w.parts[part] = p
	w.note("a worker takes over %x at %d, live from %d", uint32(part), position, p.liveNext)
}

// read takes records for both halves.
func (w *worker) read(p *partition, most uint64) {
	log := w.log[p.part]
	for to := min(p.next+most, uint64(len(log))); p.next < to; p.next++ {
		p.buffer = append(p.buffer, p.next)
	}
	for to := min(p.liveNext+most, uint64(len(log))); p.liveNext < to; p.liveNext++ {
		e := log[p.liveNext]
		minute := store.MinuteOf(e.Timestamp)
		if minute < p.floor {
			continue
		}
		if p.panes[minute] == nil {
			p.panes[minute] = &pane{}
		}
		p.panes[minute].events = append(p.panes[minute].events, e)
		p.panes[minute].dirty = true
	}
}

// flush begins to write what is buffered: blocks of raw rows, then the manifest.
func (w *worker) flush(p *partition) {
	if len(p.buffer) == 0 || len(p.effects) > 0 {
		return
	}
	offsets := p.buffer
	p.buffer = nil
	m := manifest{from: offsets[0], to: offsets[len(offsets)-1] + 1}
	touched := map[int64]bool{}
	for _, offset := range offsets {
		touched[store.MinuteOf(w.log[p.part][offset].Timestamp)] = true
	}
	m.minutes = slices.Sorted(maps.Keys(touched))
	manifest := func() {
		w.tables.manifests[p.part] = append(w.tables.manifests[p.part], m)
		w.note("manifest %x [%d, %d)", uint32(p.part), m.from, m.to)
	}
	p.retry = func() {
		p.effects = nil
		if w.rules.ManifestFirst {
			p.effects = append(p.effects, manifest)
		}
		for block := range slices.Chunk(offsets, 2) {
			p.effects = append(p.effects, func() {
				for _, offset := range block {
					w.tables.insertRaw(p.part, offset, w.log[p.part][offset])
				}
			})
		}
		if !w.rules.ManifestFirst {
			p.effects = append(p.effects, manifest)
		}
		p.effects = append(p.effects, func() { // the answer reaches the worker
			p.loaded = max(p.loaded, m.to)
			for _, minute := range m.minutes {
				p.dirty[minute] = max(p.dirty[minute], m.to)
			}
		})
	}
	p.retry()
}

// computeDue begins to compute one dirty minute at the loaded position.
func (w *worker) computeDue(p *partition) {
	if len(p.effects) > 0 {
		return
	}
	w.epoch = max(w.epoch, w.world.epoch*uint16(w.IntN(2))) // it hears of a raised epoch sooner or later
	for _, minute := range slices.Sorted(maps.Keys(p.dirty)) {
		key, cut, epoch := minuteKey{p.part, minute}, p.loaded, w.epoch
		if p.dirty[minute] <= p.marked[minute] && w.tables.marks[key].ver>>48 >= uint64(epoch) {
			continue
		}
		rows := func() {
			w.tables.insertMinute(key, cut, epoch, w.rules)
			w.note("rows of %x/%d at %d.%d", uint32(p.part), minute-began/1000, epoch, cut)
			w.checkMinute(key)
		}
		marks := func() {
			w.tables.insertMark(key, w.ahead(cut, epoch))
			w.checkMinute(key)
		}
		p.retry = func() {
			p.effects = []func(){rows, marks}
			if w.rules.MarkFirst {
				p.effects = []func(){marks, rows}
			}
			p.effects = append(p.effects, func() {
				if ver := w.tables.marks[key].ver; ver>>48 >= uint64(epoch) {
					p.marked[minute] = max(p.marked[minute], store.VerOffset(ver))
				}
			})
		}
		p.retry()
		return
	}
}

// ahead is the mark that a rule-breaker writes before the rows are there.
func (w *worker) ahead(cut uint64, epoch uint16) *mark {
	if !w.rules.MarkFirst {
		return nil
	}
	return &mark{ver: versionOf(epoch, cut, w.rules)}
}

// effect does the next one. Now and then its answer is lost although it was done: everything is done again.
func (w *worker) effect(p *partition) {
	p.effects[0]()
	p.effects = p.effects[1:]
	w.world.effects++
	if len(p.effects) > 0 && w.IntN(10) == 0 {
		p.retry()
	}
}

func (w *worker) rewriteLive() {
	for _, p := range w.parts {
		p.rewrite = true
	}
}

// publish writes the panes to Redis as absolute values; the higher version wins there.
func (w *worker) publish(p *partition) {
	ver := store.Ver(w.epoch, p.liveNext)
	for minute, at := range p.panes {
		if !at.dirty && !p.rewrite {
			continue
		}
		at.dirty = false
		seen := map[[16]byte]bool{}
		for _, e := range at.events {
			seen[e.Identity()] = true
		}
		key, value := minuteKey{p.part, minute}, liveValue{ver, int64(len(seen))}
		if held := w.live[key]; held.ver < ver || w.rules.LiveWithoutVersion {
			w.live[key] = value
			w.checkLive(key)
		}
	}
	p.rewrite = false
}
