package journal

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/journal/wal"
)

// pending is one record between its caller, Kafka and the journal. Each of them that has it holds
// it; whoever lets go last returns it to the pool, because franz-go reads the value until it has
// called the promise.
type pending struct {
	owner   *Accepter
	part    *part
	counter uint64
	value   []byte
	record  kgo.Record
	promise func(*kgo.Record, error)
	own     group // of this record alone
	news    chan struct{}
	timer   *time.Timer
	parties atomic.Int32
	way     way

	mu       sync.Mutex
	kafka    answer
	disk     answer
	ref      wal.Ref // once disk is yes
	resolved bool    // its counter is
	void     bool    // and nothing has it
	late     bool    // Kafka's answer was not there within the budget
	gone     bool    // the caller gave up while Kafka's answer is open
	final    bool    // no journal can help: the record itself was refused
	err      error   // why the last one that was asked did not take it
}

// way is how an event becomes durable.
type way struct {
	kafka  bool  // it is produced
	disk   bool  // it is journaled, at once
	racing bool  // it is journaled when Kafka is late, or refuses
	at     int64 // when it was decided, ns since the start; 0 when nobody looked at the clock
}

// answer is what one of the two said.
type answer uint8

const (
	notAsked answer = iota
	open
	yes
	no     // certainly not, and it never will
	nobody // knows: it may have it
)

// maxPooledValue keeps a rare large event from staying in the pool.
const maxPooledValue = 8 << 10

func newPending(a *Accepter) *pending {
	w := &pending{owner: a, news: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	w.timer.Stop()
	w.promise = w.fromKafka
	w.own.owner = a
	w.own.members = []*pending{w}
	w.own.record.Notify = w.own.committed
	return w
}

// judge resolves the counter as soon as its fate is known. It is called with mu held after each
// answer.
func (w *pending) judge() {
	a := w.owner
	asked := w.disk != notAsked || !w.way.racing || w.final // the caller will not ask the journal any more
	switch {
	case w.resolved:
		return
	case w.kafka == yes:
		a.accepted.Add(1)
		w.part.resolve(w.counter, inLog)
	case w.disk == yes:
		a.journaled.Add(1)
		w.part.resolve(w.counter, onDisk)
	case w.kafka == open || w.disk == open || !asked:
		return
	case w.kafka == nobody || w.disk == nobody:
		w.part.unsure.Add(1)
		return
	default:
		a.voided.Add(1)
		w.part.resolve(w.counter, inVoid)
		w.void = true
	}
	w.resolved = true
	if w.gone && !w.void {
		a.late.Add(1)
	}
}

// tell wakes the caller.
func (w *pending) tell() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *pending) release() {
	if w.parties.Add(-1) > 0 {
		return
	}
	select {
	case <-w.news:
	default:
	}
	if cap(w.value) > maxPooledValue {
		w.value = nil
	}
	w.part, w.record, w.way = nil, kgo.Record{}, way{}
	w.kafka, w.disk, w.ref, w.err = notAsked, notAsked, wal.Ref{}, nil
	w.resolved, w.void, w.late, w.gone, w.final = false, false, false, false, false
	a := w.owner
	a.pool.Put(w)
	a.leave()
}
