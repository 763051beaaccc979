package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// manifestRange is what the archive takes from a manifest.
type manifestRange struct {
	from, to, rows uint64
	until          time.Time // the end of the hour in which it was written
}

// loadedRun follows the loaded run of each src_part hour by hour. Manifests of one src_part are added hour by hour, and
// within an hour in the order of their ranges.
type loadedRun struct {
	ends  map[event.SrcPart]uint64 // of the archive
	found []Unarchived

	part    event.SrcPart
	known   []manifestRange // of the part, up to the hour
	reached uint64          // the end of the run at the end of the last hour
	until   time.Time
}

func (l *loadedRun) add(part event.SrcPart, m manifestRange) {
	if part != l.part || l.known == nil {
		l.close()
		l.part, l.known, l.reached = part, nil, l.ends[part]
	} else if !m.until.Equal(l.until) {
		l.close()
	}
	l.until = m.until
	l.known = append(l.known, m)
}

// close ends an hour, which may be the last of all: the run may have grown, by its own manifests or by filling a hole below earlier ones.
func (l *loadedRun) close() {
	slices.SortStableFunc(l.known, func(a, b manifestRange) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	before := l.reached
	for _, m := range l.known {
		if m.from <= l.reached {
			l.reached = max(l.reached, m.to)
		}
	}
	if l.reached > before {
		hour := Unarchived{SrcPart: l.part, Until: l.until, manifests: slices.Clone(l.known)}
		l.found = append(l.found, hour.Part(before, l.reached))
	}
	// What the run has passed is not needed again.
	l.known = slices.DeleteFunc(l.known, func(m manifestRange) bool { return m.to <= l.reached })
}

// leastRows adds up manifests that lie within a range and beside each other: those that overlap, of writers that ran
// at once, speak of the same rows.
func leastRows(sorted []manifestRange, from, to uint64) (rows uint64) {
	for _, m := range sorted {
		if m.from >= from && m.to <= to {
			rows += m.rows
			from = m.to
		}
	}
	return rows
}
