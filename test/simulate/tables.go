package simulate

import (
	"cmp"
	"slices"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// tables is what ClickHouse keeps: versioned rows of which the highest one counts.
type tables struct {
	raw       map[event.SrcPart]map[uint64]*rawRow
	manifests map[event.SrcPart][]manifest
	rows      map[minuteKey]map[dims]minuteRow
	marks     map[minuteKey]mark
	seen      map[minuteKey]mark // what was marked last, to notice a fall
}

type rawRow struct {
	event  *event.Event
	writes int64
}

type manifest struct {
	from, to uint64
	minutes  []int64
}

// minuteKey is one minute of one src_part; minute in unix seconds.
type minuteKey struct {
	part   event.SrcPart
	minute int64
}

// dims are the dimensions of a minute row.
type dims struct{ ad, country string }

// figures are what a minute row counts.
type figures struct{ clicks, duplicates, spend int64 }

type minuteRow struct {
	ver uint64
	figures
}

type mark struct {
	ver    uint64
	events int64
}

func newTables() tables {
	return tables{
		raw: map[event.SrcPart]map[uint64]*rawRow{}, manifests: map[event.SrcPart][]manifest{},
		rows: map[minuteKey]map[dims]minuteRow{}, marks: map[minuteKey]mark{}, seen: map[minuteKey]mark{},
	}
}

// insertRaw writes a row that is a function of its record alone.
func (t *tables) insertRaw(part event.SrcPart, offset uint64, e *event.Event) {
	if t.raw[part] == nil {
		t.raw[part] = map[uint64]*rawRow{}
	}
	if t.raw[part][offset] == nil {
		t.raw[part][offset] = &rawRow{event: e}
	}
	t.raw[part][offset].writes++
}

// position is the end of the contiguous run of manifests.
func (t *tables) position(part event.SrcPart) uint64 {
	list := slices.Clone(t.manifests[part])
	slices.SortFunc(list, func(a, b manifest) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var to uint64
	for _, m := range list {
		if m.from > to {
			break
		}
		to = max(to, m.to)
	}
	return to
}

// dirty lists the minutes that a manifest of the loaded prefix touches above their mark.
func (t *tables) dirty(part event.SrcPart, position uint64, ver func(uint64) uint64) map[int64]uint64 {
	dirty := map[int64]uint64{}
	for _, m := range t.manifests[part] {
		if m.to > position {
			continue
		}
		for _, minute := range m.minutes {
			if ver(m.to) > t.marks[minuteKey{part, minute}].ver {
				dirty[minute] = max(dirty[minute], m.to)
			}
		}
	}
	return dirty
}

// liveFrom is the first offset that may hold a record of a minute from floor on.
func (t *tables) liveFrom(part event.SrcPart, position uint64, floor int64) uint64 {
	from := position
	for _, m := range t.manifests[part] {
		if slices.ContainsFunc(m.minutes, func(minute int64) bool { return minute >= floor }) {
			from = min(from, m.from)
		}
	}
	return from
}

// compute is a minute's rows over raw below the cut, each identity once.
func (t *tables) compute(key minuteKey, cut uint64, epoch uint16, rules Rules) map[dims]figures {
	computed, first := map[dims]figures{}, map[[16]byte]dims{}
	offsets := make([]uint64, 0, len(t.raw[key.part]))
	for offset, row := range t.raw[key.part] {
		if store.MinuteOf(row.event.Timestamp) == key.minute && (offset < cut || rules.WithoutCut) {
			offsets = append(offsets, offset)
		}
	}
	slices.Sort(offsets)
	for _, offset := range offsets {
		row := t.raw[key.part][offset]
		e := row.event
		id := identity(e, rules)
		at, copied := first[id]
		if !copied {
			at = dimsOf(e, epoch)
			first[id] = at
		}
		f := computed[at]
		if copied {
			f.duplicates++
		} else {
			f.clicks++
			f.spend += e.PriceMicros
		}
		if rules.DuplicatesFromRows {
			f.duplicates += row.writes - 1
		}
		computed[at] = f
	}
	return computed
}

// identity is what is counted once.
func identity(e *event.Event, rules Rules) [16]byte {
	if rules.ForeignWithoutTime && e.Origin == event.Origin_ORIGIN_FOREIGN {
		return [16]byte{0, e.EventId[0]}
	}
	return e.Identity()
}

// dimsOf is a computation that changed with epoch 2: from there on the country is left out.
func dimsOf(e *event.Event, epoch uint16) dims {
	if epoch >= 2 {
		return dims{ad: e.AdId}
	}
	return dims{e.AdId, e.Country}
}

// insertMinute computes a minute and writes its rows, as one block, unless its totals would fall below its mark
// within the epoch.
func (t *tables) insertMinute(key minuteKey, cut uint64, epoch uint16, rules Rules) {
	ver, held := versionOf(epoch, cut, rules), t.marks[key]
	computed, total := t.compute(key, cut, epoch, rules), int64(0)
	for _, f := range computed {
		total += f.clicks
	}
	if held.ver >= ver && !rules.MarkFirst {
		return
	}
	if held.ver>>48 == ver>>48 && total < held.events && !rules.WithoutTotalsGuard {
		return
	}
	if t.rows[key] == nil {
		t.rows[key] = map[dims]minuteRow{}
	}
	if held.ver>>48 < ver>>48 { // a raised epoch: vanished keys become zeros
		for at := range t.rows[key] {
			if _, still := computed[at]; !still {
				computed[at] = figures{}
			}
		}
	}
	for at, f := range computed {
		if t.rows[key][at].ver <= ver {
			t.rows[key][at] = minuteRow{ver, f}
		}
	}
}

// insertMark marks whatever version a minute's rows have; told, when it is written ahead of them, is taken
// at its word.
func (t *tables) insertMark(key minuteKey, told *mark) {
	m := mark{}
	for _, row := range t.rows[key] {
		m.ver = max(m.ver, row.ver)
	}
	for _, row := range t.rows[key] {
		if row.ver == m.ver {
			m.events += row.clicks
		}
	}
	if told != nil {
		m = *told
	}
	if m.ver > t.marks[key].ver {
		t.marks[key] = m
	}
}

// read is what a reader takes of a marked minute: the rows of its newest version, which is complete, as all rows
// of a version are one block. ver is theirs, 0 without a mark.
func (t *tables) read(key minuteKey, rules Rules) (rows map[dims]figures, ver uint64) {
	held, marked := t.marks[key]
	if !marked {
		return nil, 0
	}
	for _, row := range t.rows[key] {
		ver = max(ver, row.ver)
	}
	rows = map[dims]figures{}
	for at, row := range t.rows[key] {
		if (row.ver == ver || rules.RowsOfAllVersions && row.ver >= held.ver) && row.figures != (figures{}) {
			rows[at] = row.figures
		}
	}
	return rows, ver
}

// loseRows takes a few raw rows of one src_part away.
func (t *tables) loseRows(w *world) {
	parts := w.parts()
	part := parts[w.IntN(len(parts))]
	for offset := range uint64(len(w.log[part])) {
		if t.raw[part][offset] != nil && w.IntN(3) == 0 {
			w.note("raw row %x/%d vanishes", uint32(part), offset)
			delete(t.raw[part], offset)
		}
	}
}

func versionOf(epoch uint16, cut uint64, rules Rules) uint64 {
	if rules.VersionWithoutEpoch {
		return cut
	}
	return store.Ver(epoch, cut)
}
