package journal

import (
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal/wal"
)

// errBootFull says that no more counters may be taken under this boot id.
var errBootFull = errors.New("boot id is used up")

// boot is one boot id with the counters taken under it.
type boot struct {
	id      uint64
	last    uint64 // highest counter that may be given
	pod     string // under which it reports
	dead    bool   // its process is gone: what it left open stays so, and what it journaled is shipped
	noted   int64  // of a dead boot: when it last noted its progress, ms, by the clock of then
	breaker func(event.SrcPart) *breaker
	// generations is replaced, never changed, so that looking a partition up takes no lock.
	generations atomic.Pointer[map[uint32]*generation]

	mu   sync.Mutex // making partitions, retiring
	full bool
}

type generation struct {
	parts [event.MaxPartitions]atomic.Pointer[part]
}

// part is the counter of one partition.
type part struct {
	boot    uint64
	src     event.SrcPart
	breaker *breaker
	settler
	overdue atomic.Int32 // records whose callers gave up while Kafka's answer is open
	unsure  atomic.Int32 // records whose fate nobody will tell

	take sync.Mutex
	next uint64
	full bool
}

// begun makes a boot ready for use.
func (b *boot) begun() *boot {
	b.generations.Store(&map[uint32]*generation{})
	return b
}

// part finds or makes the counter of a partition; errBootFull when the boot was retired.
func (b *boot) part(src event.SrcPart) (*part, error) {
	if g := (*b.generations.Load())[src.Generation()]; g != nil {
		if p := g.parts[src.Partition()].Load(); p != nil {
			return p, nil
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return nil, errBootFull
	}
	old := *b.generations.Load()
	g := old[src.Generation()]
	if g == nil {
		g = &generation{}
		fresh := make(map[uint32]*generation, len(old)+1)
		maps.Copy(fresh, old)
		fresh[src.Generation()] = g
		b.generations.Store(&fresh)
	}
	p := g.parts[src.Partition()].Load()
	if p == nil {
		p = &part{boot: b.id, src: src, breaker: b.breaker(src)}
		g.parts[src.Partition()].Store(p)
	}
	return p, nil
}

// draw takes the next counter of the partition together with the settled mark that goes with it.
// Where only Kafka is asked, a partition that keeps a record's fate open beyond the delivery timeout gets
// no more: whatever came behind that record would be answered 503 too, and land when the log is back. A
// window full of records whose fate nobody will tell is left behind with its boot.
func (p *part) draw(last uint64, kafkaOnly bool) (counter, settled uint64, err error) {
	p.take.Lock()
	defer p.take.Unlock()
	if p.full || p.next > last {
		return 0, 0, errBootFull
	}
	settled = p.settled.Load()
	switch {
	case kafkaOnly && p.overdue.Load() > 0:
		return 0, 0, ErrOverloaded
	case p.next-settled < maxWindow:
	case p.unsure.Load() > 0:
		return 0, 0, errBootFull
	default:
		return 0, 0, ErrOverloaded
	}
	counter = p.next
	p.next++
	return counter, settled, nil
}

// retire lets nobody draw from this boot any more.
func (b *boot) retire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = true
	for p := range b.all {
		p.take.Lock()
		p.full = true
		p.take.Unlock()
	}
}

// all yields the partitions that were ever used.
func (b *boot) all(yield func(*part) bool) {
	for _, g := range *b.generations.Load() {
		for i := range g.parts {
			if p := g.parts[i].Load(); p != nil && !yield(p) {
				return
			}
		}
	}
}

// progress reports each used partition; open says whether any counter has no fate yet, or is in the
// journal alone.
func (b *boot) progress() (parts []*event.PartitionProgress, open bool) {
	for p := range b.all {
		p.take.Lock()
		next := p.next
		p.take.Unlock()
		settled, voided, journaled, waiting := p.settler.progress()
		open = open || waiting > 0 || settled < next && !b.dead
		parts = append(parts, &event.PartitionProgress{SrcPart: uint32(p.src), Next: next, Settled: settled, Voided: voided, Journaled: journaled})
	}
	return parts, open
}

// reportedAt is the time of a report of b. Readers keep the newest of a boot, so where the clock went
// back a dead one is reported as of after its last own report.
func (b *boot) reportedAt() int64 {
	now := time.Now().UnixMilli()
	if now < b.noted {
		return b.noted + 2*noteEvery
	}
	return now
}

// restore sets a dead boot's partition to what is known of it.
func (b *boot) restore(known *event.PartitionProgress, waiting wal.Tally) error {
	p, err := b.part(event.SrcPart(known.SrcPart))
	if err != nil {
		return err
	}
	p.next = max(known.Next, waiting.Next)
	p.settled.Store(known.Settled)
	p.voided, p.journaled, p.waiting = known.Voided, uint64(waiting.Settled), uint64(waiting.Entries)
	return nil
}
