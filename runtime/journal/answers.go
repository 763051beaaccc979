package journal

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/failpoint"
	"github.com/clicktally/clicktally/runtime/journal/wal"
)

// produce hands the record to Kafka.
func (a *Accepter) produce(w *pending) {
	if err := failpoint.Hit(failpoint.JournalProduceBefore); err != nil {
		w.fromKafka(nil, err)
		return
	}
	a.cfg.Client.TryProduce(context.Background(), &w.record, w.promise)
}

// fromKafka is called once by franz-go, in order, on a goroutine that must not block.
func (w *pending) fromKafka(_ *kgo.Record, err error) {
	a, b, p, counter := w.owner, w.part.breaker, w.part, w.counter
	if err == nil && failpoint.Hit(failpoint.JournalProduceAfter) != nil {
		err = kgo.ErrClientClosed // the acknowledgement is lost on its way
	}
	now := int64(0)
	if w.way.at != 0 {
		now = a.now()
	}
	b.answered(now)
	w.mu.Lock()
	switch {
	case err == nil:
		w.kafka = yes
	case errors.Is(err, kgo.ErrClientClosed):
		w.kafka, w.err = nobody, ErrTimeout // the fate stays open for good: see the package comment
	default:
		w.kafka, w.err, w.final = no, refused(err), hopeless(err)
	}
	said, ref, shipped, gone := w.kafka, w.ref, w.disk == yes, w.gone
	late := w.late || gone || now-w.way.at > int64(a.ack.Load().Budget)
	w.judge()
	w.mu.Unlock()
	switch {
	case said != yes && !w.final:
		b.miss()
	case said == yes && !late:
		b.inTime()
	}
	if said == yes && shipped && a.disk.log.Done(ref) {
		p.shipped(counter)
	}
	if gone {
		p.overdue.Add(-1)
	}
	w.tell()
	w.release()
}

// hopeless says that the log will not take this record on any later day either.
func hopeless(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge) || errors.Is(err, kerr.InvalidRecord)
}

// group is what one record of the journal holds: an event, or those of a batch.
type group struct {
	owner   *Accepter
	members []*pending
	record  wal.Record
}

// put hands a group to the journal. Its members were asked by wantsDisk.
func (g *group) put() {
	g.record.Reset()
	for _, w := range g.members {
		w.parties.Add(1)
	}
	for _, w := range g.members {
		e := wal.Entry{
			Boot: w.part.boot, Counter: w.counter, SrcPart: uint32(w.part.src), Timestamp: w.record.Timestamp.UnixMilli(),
			Topic: w.record.Topic, Value: w.value,
		}
		if err := g.record.Add(&e); err != nil {
			g.record.Err = err // a topic name that Kafka would not take either
			g.committed()
			return
		}
	}
	g.owner.disk.writer.Put(&g.record)
}

// committed is called by the journal's writer. A batch that is larger than a segment is written event
// by event.
func (g *group) committed() {
	if len(g.members) > 1 && errors.Is(g.record.Err, wal.ErrTooLarge) {
		for _, w := range g.members {
			w.own.put()
			w.release() // of the group: parties holds w.own's now
		}
		return
	}
	err := g.record.Err
	first := g.record.Ref
	for i, w := range g.members {
		w.fromDisk(first.Next(i), err)
	}
}

func (w *pending) fromDisk(ref wal.Ref, err error) {
	a := w.owner
	w.mu.Lock()
	switch {
	case err == nil:
		w.disk, w.ref = yes, ref
	case errors.Is(err, wal.ErrUnsure):
		w.disk, w.err = nobody, ErrTimeout
	default:
		w.disk, w.err = no, refused(err)
	}
	shipped := w.disk == yes && w.kafka == yes
	w.judge()
	w.mu.Unlock()
	if shipped {
		a.disk.log.Done(ref) // its counter was in the log already
	}
	if w.own.record.Bytes() > maxPooledValue {
		w.own.record = wal.Record{Notify: w.own.record.Notify}
	}
	w.tell()
	w.release()
}
