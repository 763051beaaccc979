package velocity

// buckets is the number of equal parts of a window that are counted apart.
const buckets = 16

// hits are the clicks of one key: the times of the newest, and counts per part of the window for when
// there are more. Times are the low 32 bits of ms; a ring never spans the 49 days after which those
// repeat, because a gap of a window, at most a day, empties it.
type hits struct {
	last   int64 // the newest, ms
	times  [MaxExact]uint32
	counts [buckets]uint32 // by number of the part, modulo buckets
	n      uint8           // times in use
	next   uint8           // where the next time goes
}

// add counts a click at now and returns the clicks in the window of that many ms that ends now.
func (h *hits) add(now, window int64) uint32 {
	if now-h.last >= window || h.last-now >= window {
		*h = hits{last: now}
	}
	now = max(now, h.last)
	h.advance(h.last*buckets/window, now*buckets/window)
	h.last = now
	h.counts[now*buckets/window%buckets]++
	h.times[h.next] = uint32(now)
	h.next = (h.next + 1) % MaxExact
	h.n = min(h.n+1, MaxExact)
	return h.within(now, window)
}

// advance empties the parts that begin after the part numbered from, up to the one numbered to.
func (h *hits) advance(from, to int64) {
	for part := max(from, to-buckets) + 1; part <= to; part++ {
		h.counts[part%buckets] = 0
	}
}

// within is exact while the remembered times reach beyond the window. When they do not, at least that
// many clicks lie in it, and the parts that lie wholly in it may count more.
func (h *hits) within(now, window int64) uint32 {
	exact := uint32(0)
	for _, t := range h.times[:h.n] {
		if int64(uint32(now)-t) < window {
			exact++
		}
	}
	if exact < MaxExact {
		return exact
	}
	whole := uint32(0)
	for _, n := range h.counts {
		whole += n
	}
	return max(exact, whole)
}
