package simulate

import (
	"maps"
	"slices"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/oracle"
)

// recount is what the oracle says of one src_part's log below a cut, as the computation of an epoch shows it.
func (w *world) recount(part event.SrcPart, cut uint64, epoch uint16) map[int64]map[dims]figures {
	records := make([]oracle.Record, cut)
	for offset := range cut {
		records[offset] = oracle.Record{SrcPart: part, Offset: offset, Event: w.log[part][offset]}
	}
	minutes := map[int64]map[dims]figures{}
	for key, row := range oracle.Recount(records, store.MaxStated) {
		at := dims{key.Dims[1], key.Dims[5]}
		if epoch >= 2 {
			at.country = ""
		}
		if minutes[key.Minute] == nil {
			minutes[key.Minute] = map[dims]figures{}
		}
		f := minutes[key.Minute][at]
		f.clicks += row["clicks_valid"]
		f.duplicates += row["clicks_duplicate"]
		f.spend += row["spend_valid"]
		minutes[key.Minute][at] = f
	}
	return minutes
}

// checkMinute holds what a reader sees of a minute against the log below its version: every number is a function
// of raw at a cut, at any moment.
func (w *world) checkMinute(key minuteKey) {
	if w.outcome.Broken != "" {
		return
	}
	if w.options.Damage {
		w.checkFall(key)
		return
	}
	rows, ver := w.tables.read(key, w.rules)
	epoch := uint16(ver >> 48)
	if w.rules.VersionWithoutEpoch {
		epoch = w.epoch
	}
	if want := w.recount(key.part, store.VerOffset(ver), epoch)[key.minute]; !maps.Equal(rows, want) {
		w.broken("minute %d of %x at %d.%d reads %v, the log says %v", key.minute-began/1000, uint32(key.part), epoch, store.VerOffset(ver), rows, want)
	}
}

// checkFall holds a minute's mark against the one before it, where raw rows vanish.
func (w *world) checkFall(key minuteKey) {
	now, before := w.tables.marks[key], w.tables.seen[key]
	if now.ver>>48 == before.ver>>48 && now.events < before.events {
		w.broken("minute %d of %x fell from %d to %d clicks", key.minute-began/1000, uint32(key.part), before.events, now.events)
	}
	w.tables.seen[key] = now
}

// checkLive holds a live value against the log below its offset.
func (w *world) checkLive(key minuteKey) {
	value, clicks := w.live[key], int64(0)
	for _, f := range w.recount(key.part, store.VerOffset(value.ver), 1)[key.minute] {
		clicks += f.clicks
	}
	if value.clicks != clicks {
		w.broken("live minute %d of %x at %d has %d clicks, the log says %d", key.minute-began/1000, uint32(key.part),
			store.VerOffset(value.ver), value.clicks, clicks)
	}
}

// heal lets everybody finish: journals ship, the log is loaded, every minute is computed and published.
func (w *world) heal() {
	for _, t := range w.trackers {
		for _, e := range t.journal {
			if e.flight == nil && e.synced {
				e.flight = &flight{record: e.record, by: t, entry: e, answered: true}
				w.flights = append(w.flights, e.flight)
			}
		}
	}
	for len(w.flights) > 0 {
		f := w.flights[0]
		if !f.appended && f.by != nil {
			f.appended = true
			w.log[f.record.part] = append(w.log[f.record.part], f.record.event)
		}
		w.land(f)
	}
	for _, t := range w.trackers {
		t.journal = nil // what is left was never synced, and so promised to nobody but by the log
		t.beat()
	}
	last := newWorker(w)
	for _, part := range w.parts() {
		last.open(part)
		p := last.parts[part]
		last.read(p, uint64(len(w.log[part])))
		last.flush(p)
		last.finish(p)
		for range p.dirty {
			last.epoch = w.epoch
			last.computeDue(p)
			last.finish(p)
		}
		last.publish(p)
	}
	w.rewriteOld()
}

// rewriteOld lets workers that were paused say once more what they last knew.
func (w *world) rewriteOld() {
	for _, old := range w.workers {
		old.rewriteLive()
		for _, part := range w.parts() {
			if p := old.parts[part]; p != nil {
				old.publish(p)
			}
		}
	}
}

// finish does what is left of the present effects, undisturbed.
func (w *worker) finish(p *partition) {
	for ; len(p.effects) > 0; p.effects = p.effects[1:] {
		p.effects[0]()
	}
}

// check compares the end of a healed world with what was promised.
func (w *world) check() {
	if w.options.Damage {
		return
	}
	counted, distinct := int64(0), map[[16]byte]bool{}
	for _, part := range w.parts() {
		for _, e := range w.log[part] {
			distinct[e.Identity()] = true
		}
		counted += w.checkPart(part)
	}
	for id := range w.answered {
		if !distinct[id] {
			w.broken("lost: %x was answered and is not in the log", id)
		}
		w.outcome.Acked++
	}
	w.outcome.Unacked = len(distinct) - len(w.answered)
	if counted != int64(len(distinct)) {
		w.broken("%d clicks are counted, the log has %d", counted, len(distinct))
	}
	w.checkGaps()
}

// checkPart holds all minutes of a src_part against its whole log, and returns its clicks.
func (w *world) checkPart(part event.SrcPart) (clicks int64) {
	for minute, want := range w.recount(part, uint64(len(w.log[part])), w.epoch) {
		got, _ := w.tables.read(minuteKey{part, minute}, w.rules)
		if !maps.Equal(got, want) {
			w.broken("at the end minute %d of %x reads %v, the log says %v", minute-began/1000, uint32(part), got, want)
		}
		for _, f := range got {
			clicks += f.clicks
		}
		w.checkNewest(minuteKey{part, minute}, got)
	}
	return clicks
}

// checkNewest holds the live value of a minute that still has a pane against its rows.
func (w *world) checkNewest(key minuteKey, rows map[dims]figures) {
	if key.minute < store.MinuteOf(w.now)-(paneMinutes-1)*60 {
		return
	}
	clicks := int64(0)
	for _, f := range rows {
		clicks += f.clicks
	}
	if live := w.live[key].clicks; live != clicks {
		w.broken("at the end live minute %d of %x has %d clicks, its rows have %d", key.minute-began/1000, uint32(key.part), live, clicks)
	}
}

// checkGaps does what the ledger does: below settled every counter is in the log, voided, or in an open journal.
func (w *world) checkGaps() {
	counters := map[bootPart]map[uint64][16]byte{}
	for _, part := range w.parts() {
		for _, e := range w.log[part] {
			at := bootPart{e.BootId, part}
			if counters[at] == nil {
				counters[at] = map[uint64][16]byte{}
			}
			if other, is := counters[at][e.Counter]; is && other != e.Identity() {
				w.broken("two clicks are number %d of boot %x", e.Counter, e.BootId)
			}
			counters[at][e.Counter] = e.Identity()
		}
	}
	for _, at := range slices.Collect(maps.Keys(w.boots)) {
		b, there := w.boots[at], uint64(0)
		for counter := range counters[at] {
			if counter < b.settled {
				there++
			}
		}
		if missing := b.settled - there; missing > b.voided {
			w.broken("the ledger misses %d clicks of boot %x below settled %d, %d are voided", missing, at.boot, b.settled, b.voided)
		}
	}
}
