package journal

import (
	"sync/atomic"
	"time"
)

const (
	// breakAfter is how many misses in a row open a breaker.
	breakAfter = 8
	// probeEvery is the time between two events that try Kafka while a breaker is open.
	probeEvery = 500 * time.Millisecond
)

// breaker keeps the events of one partition away from Kafka while it does not acknowledge in time:
// they go to the journal at once. It outlives boots.
type breaker struct {
	away   *away
	misses atomic.Int32 // in a row
	open   atomic.Bool
	out    atomic.Int32 // records whose fate Kafka has not told
	since  atomic.Int64 // when Kafka was last heard, ns since the start; kept by the policy Journal
	probed atomic.Int64 // ns since the start
}

// away is since when any breaker is open. Without a journal none ever is: there is nowhere else to go.
type away struct {
	never bool
	open  atomic.Int32
	since atomic.Int64 // ms; 0 while none is
}

// miss counts a record that was not acknowledged within the budget, or refused.
func (b *breaker) miss() {
	if b.away.never || b.misses.Add(1) < breakAfter || !b.open.CompareAndSwap(false, true) {
		return
	}
	if b.away.open.Add(1) == 1 {
		b.away.since.Store(time.Now().UnixMilli())
	}
}

// inTime notes an acknowledgement within the budget.
func (b *breaker) inTime() {
	if b.misses.Load() != 0 {
		b.misses.Store(0)
	}
	if b.open.Load() && b.open.CompareAndSwap(true, false) && b.away.open.Add(-1) == 0 {
		b.away.since.Store(0)
	}
}

// silent says whether Kafka has records of this partition and was not heard for longer than budget.
func (b *breaker) silent(now int64, budget time.Duration) bool {
	return b.out.Load() > 0 && now-b.since.Load() > int64(budget)
}

// probe says whether the next event is to try Kafka although the breaker is open.
func (b *breaker) probe(now int64) bool {
	last := b.probed.Load()
	return b.out.Load() == 0 && now-last >= int64(probeEvery) && b.probed.CompareAndSwap(last, now)
}

// sent and answered count the records that Kafka has; now is 0 when nobody looked at the clock.
func (b *breaker) sent(now int64) {
	if b.out.Add(1) == 1 && now != 0 {
		b.since.Store(now)
	}
}

func (b *breaker) answered(now int64) {
	b.out.Add(-1)
	if now != 0 {
		b.since.Store(now)
	}
}
