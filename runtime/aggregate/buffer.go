package aggregate

import (
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/store"
)

// span is what a flush holds of one partition: a run of the log without a hole.
type span struct {
	partition   *partition
	from, to    uint64
	leaderEpoch int32
	rows        uint64
	dead, moved uint64
	minutes     map[int64]struct{}
}

// buffer gathers one flush over all partitions of a worker: records in, a flush out.
type buffer struct {
	block  *store.Block
	dead   []deadLetter
	strays []stray
	spans  map[*partition]*span
}

func newBuffer() *buffer { return &buffer{block: store.NewBlock(), spans: map[*partition]*span{}} }

// after is an empty buffer that takes over the memory of one that was flushed, if there is one.
func after(flushed *buffer) *buffer {
	if flushed == nil {
		return newBuffer()
	}
	flushed.block.Reset()
	return &buffer{block: flushed.block, spans: map[*partition]*span{}}
}

func (b *buffer) records() int { return b.block.Rows() + len(b.dead) + len(b.strays) }

func (b *buffer) empty() bool { return len(b.spans) == 0 }

// add takes the partition's next record. Of its event it keeps a copy.
func (b *buffer) add(p *partition, record *kgo.Record, j judged) {
	s := b.spans[p]
	if s == nil {
		s = &span{partition: p, from: uint64(p.loadNext), minutes: map[int64]struct{}{}}
		b.spans[p] = s
	}
	s.to, s.leaderEpoch = uint64(record.Offset)+1, record.LeaderEpoch
	switch {
	case j.reason != "":
		s.dead++
		b.dead = append(b.dead, deadLetter{record: record, reason: j.reason})
		return
	case j.move.topic != "":
		s.moved++
		b.strays = append(b.strays, stray{record: record, to: j.move})
		return
	}
	s.rows++
	s.minutes[j.row.Minute()] = struct{}{}
	b.block.Add(&j.row)
}

// manifests are the rows to be written after all blocks of the flush.
func (b *buffer) manifests(now time.Time) map[*partition]*store.Manifest {
	list := make(map[*partition]*store.Manifest, len(b.spans))
	for p, s := range b.spans {
		list[p] = &store.Manifest{
			SrcPart: p.part, From: s.from, To: s.to, TopicID: p.topicID, LeaderEpoch: s.leaderEpoch,
			Rows: s.rows, Offsets: s.rows, DeadLetters: s.dead, Moved: s.moved, Minutes: slices.Sorted(maps.Keys(s.minutes)), Written: now,
		}
	}
	return list
}
