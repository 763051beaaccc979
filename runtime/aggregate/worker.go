package aggregate

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

const (
	pollWait    = 50 * time.Millisecond // how long the loop waits for records
	pollRecords = 10_000                // per poll
	answerQueue = 16                    // answers of effects waiting for the loop; more than there are lanes
)

// worker is one run of an aggregator: a single loop owns all state; effects run in lanes beside it
// and answer into the loop.
type worker struct {
	cfg     Config
	rules   rules
	topics  map[string]uint32 // announced topics, and the generation that each is read as
	read    map[string]bool   // those whose partitions this worker takes its share of
	stale   bool              // the catalog is too old to judge the log by it
	metrics *metrics
	group   *assignment
	reader  *kgo.Client // the live half, and the load while it keeps up
	behind  *kgo.Client // the load's own reading
	mover   *kgo.Client // to other generations
	admin   *kadm.Client
	live    store.LiveWriter
	die     context.CancelCauseFunc

	partitions map[event.SrcPart]*partition
	readIDs    map[string][16]byte // of the topics, as the readers know them
	buffer     *buffer
	inFlight   *buffer
	spare      *buffer // was flushed; the next one takes over its memory
	lastFlush  time.Time
	lastLive   time.Time
	lastAll    time.Time
	lastProbe  time.Time
	lastTopics time.Time
	oldAfter   time.Time // old minutes have had their share until then
	batch      int       // minutes per statement; smaller after a failure
	epoch      uint16    // of what is computed; it only rises
	nextDays   time.Time
	schema     atomic.Bool
	decoder    event.Decoder

	answers chan func()
	effects sync.WaitGroup
	lanes   struct{ topics, open, probe, flush, compute, publish, sessions lane }
	status  *statusBoard
}

// loop ends with ctx. Effects run under a context of their own that outlives it for a bounded time,
// so that a worker that stops cuts no statement short.
func (w *worker) loop(ctx, effects context.Context) error {
	for ctx.Err() == nil {
		w.followGenerations()
		w.reassign()
		w.followEpoch()
		if err := w.poll(ctx, w.reader, pollWait, w.takeLive); err != nil {
			return err
		}
		if err := w.catchUp(ctx); err != nil {
			return err
		}
		w.drain()
		now := w.cfg.Now()
		w.startTopics(effects, now)
		w.startOpen(effects, now)
		w.startProbe(effects, now)
		w.startFlush(effects, now)
		w.startCompute(effects, now)
		w.startPublish(effects, now)
		w.startSessions(effects, now)
		w.status.set(w.report())
	}
	return nil
}

// drain takes in the answers of effects.
func (w *worker) drain() {
	for {
		select {
		case answer := <-w.answers:
			answer()
		default:
			return
		}
	}
}

// reassign follows the group: a new partition waits for its take-over, a lost one is let go. What is
// buffered of a lost one may still be flushed, which does no harm.
func (w *worker) reassign() {
	assigned, _ := w.group.current()
	owned := make(map[event.SrcPart]topicPartition, len(assigned))
	for at := range assigned {
		if generation, announced := w.topics[at.topic]; announced {
			owned[event.NewSrcPart(generation, uint32(at.number))] = at
		}
	}
	for part, p := range w.partitions {
		if at, still := owned[part]; !still || at != p.topicPartition {
			w.stopReading(p)
			w.metrics.forget(p)
			delete(w.partitions, part)
		}
	}
	for part, at := range owned {
		if w.partitions[part] == nil {
			w.partitions[part] = &partition{part: part, topicPartition: at, liveNext: -1}
		}
	}
}

// poll hands the records that a client has to take, partition by partition.
func (w *worker) poll(ctx context.Context, client *kgo.Client, wait time.Duration, take func(*partition, []*kgo.Record)) error {
	if w.stale {
		rest(ctx)
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	fetches := client.PollRecords(waiting, pollRecords)
	if fetches.IsClientClosed() {
		return fmt.Errorf("read the log: %w", kgo.ErrClientClosed)
	}
	if w.awaitCatalog(ctx); w.stale {
		return nil // it ends; what was read is read again
	}
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		p := w.partitions[event.NewSrcPart(w.topics[f.Topic], uint32(f.Partition))]
		if p == nil || p.topic != f.Topic || p.stopped != ConditionNone {
			return
		}
		take(p, p.placed(f.Records))
		if f.Err != nil && ctx.Err() == nil {
			w.readFailed(p, f.Err)
		}
	})
	return nil
}

// takeLive gives records to the live half, and to the load while it keeps up.
func (w *worker) takeLive(p *partition, records []*kgo.Record) {
	now := w.cfg.Now()
	for _, record := range records {
		if record.Offset < p.liveNext {
			continue
		}
		forLoad := p.takes(record.Offset)
		if forLoad && w.full() {
			p.fallBehind()
			forLoad = false
		}
		j, err := judge(record, p.part, w.rules, &w.decoder)
		if err != nil {
			w.stop(p, ConditionNeedsUpgrade)
			return
		}
		if j.counts() {
			p.panes.add(j.row.Event, now)
		}
		if forLoad {
			w.buffer.add(p, record, j)
			p.loadNext = record.Offset + 1
		}
		p.liveNext = record.Offset + 1
		w.metrics.records.Inc()
	}
}

// catchUp reads for the load of partitions that are behind their live half, while there is room.
func (w *worker) catchUp(ctx context.Context) error {
	reading := false
	for _, p := range w.partitions {
		if p.meet() {
			w.stopCatchUp(p)
		}
		if p.stopped == ConditionNone && p.known && !p.together && !p.reading {
			p.reading = true
			w.behind.AddConsumePartitions(map[string]map[int32]kgo.Offset{p.topic: {p.number: p.inLog(p.loadNext)}})
		}
		reading = reading || p.reading
	}
	if !reading || w.full() {
		return nil
	}
	return w.poll(ctx, w.behind, pollWait/10, w.takeBehind)
}

func (w *worker) takeBehind(p *partition, records []*kgo.Record) {
	for _, record := range records {
		if record.Offset < p.loadNext || p.together || record.Offset >= p.liveNext {
			continue // the rest comes from the live half's reader
		}
		j, err := judge(record, p.part, w.rules, &w.decoder)
		if err != nil {
			w.stop(p, ConditionNeedsUpgrade)
			return
		}
		w.buffer.add(p, record, j)
		p.loadNext = record.Offset + 1
	}
	if p.meet() {
		w.stopCatchUp(p)
	}
}

func (w *worker) full() bool { return w.buffer.records() >= w.cfg.MaxBuffered }

func (w *worker) stopCatchUp(p *partition) {
	if p.reading {
		p.reading = false
		w.behind.RemoveConsumePartitions(map[string][]int32{p.topic: {p.number}})
	}
}

func (w *worker) stopReading(p *partition) {
	w.stopCatchUp(p)
	if p.liveNext >= 0 {
		w.reader.RemoveConsumePartitions(map[string][]int32{p.topic: {p.number}})
	}
}
