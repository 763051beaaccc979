package heartbeats

import (
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// process is what one pod said last.
type process struct {
	boot     uint64
	applied  int64
	rejected []string
	heard    time.Time // here, so that no other clock matters
	boots    map[uint64]boot
	filling  bool // the log does not acknowledge, or did not and the journal is not empty since

	// Visitors of the boot so far, when the present window began, and of the last one that is complete.
	total, begun, last visitors
	window             time.Time
}

// boot is what was said under one boot id: earlier ones of a pod go on as long as their journal is not shipped.
type boot struct {
	heard               time.Time
	away                int64 // ms
	waiting, used, size uint64
}

// hear takes in a heartbeat of the pod.
func (p *process) hear(h *event.Heartbeat, now time.Time) {
	b := boot{heard: now, away: h.GetLogAwaySince(), used: h.GetJournalBytes(), size: h.GetJournalCapacity()}
	for _, partition := range h.GetPartitions() {
		b.waiting += partition.GetJournaled()
	}
	p.boots[h.GetBootId()] = b
	p.boot, p.applied, p.rejected, p.heard = h.GetBootId(), h.GetAppliedOffset(), h.GetRejectedKeys(), now
	sum := p.backlog("")
	p.filling = !sum.Since.IsZero() || p.filling && sum.Waiting > 0
	p.visited(visitors{known: h.GetAddressesKnown(), hidden: h.GetAddressesHidden()}, now)
}

// backlog sums up the boots of the pod. What concerns the whole process stands in the report of one of them.
func (p *process) backlog(pod string) Backlog {
	sum, since := Backlog{Pod: pod}, int64(0)
	for _, b := range p.boots {
		sum.Waiting += b.waiting
		sum.Bytes, sum.Capacity, since = max(sum.Bytes, b.used), max(sum.Capacity, b.size), max(since, b.away)
	}
	if since > 0 {
		sum.Since = time.UnixMilli(since).UTC()
	}
	return sum
}
