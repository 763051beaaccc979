package journal

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
)

// Accept makes e durable and returns when it is. It sets e's boot id, counter, settled, src_part and,
// for an own event without one, the event id. Any error means that the event was promised to nobody;
// ErrTimeout alone leaves open whether it will still land.
func (a *Accepter) Accept(ctx context.Context, e *event.Event) error {
	return a.AcceptWith(ctx, e, nil)
}

// AcceptWith is Accept with a step between id and encoding: complete sees the event with its id and
// may write what depends on it, a destination with {clickid} for one. It was called unless the error
// says so by being other than ErrTimeout and ErrRefused.
func (a *Accepter) AcceptWith(ctx context.Context, e *event.Event, complete func(*event.Event)) error {
	w, err := a.start(e, complete)
	if errors.Is(err, event.ErrPoison) {
		return err
	}
	if err == nil {
		w.race(ctx, a.ack.Load().Budget)
		if w.wantsDisk() {
			w.own.put()
		}
		err = w.conclude(ctx, a.cfg.DeliveryTimeout)
	}
	if err != nil {
		return a.turnedAway(err)
	}
	return nil
}

// AcceptBatch makes all events durable at once and tells the fate of each, in order: nil, or why it
// was not accepted, never ErrUnbilled. What the journal has to take it takes as one record.
func (a *Accepter) AcceptBatch(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	started := make([]*pending, len(events))
	began, budget := time.Now(), a.ack.Load().Budget
	for i, e := range events {
		started[i], errs[i] = a.start(e, nil)
	}
	late := &group{owner: a}
	late.record.Notify = late.committed
	for _, w := range started {
		if w == nil {
			continue
		}
		w.race(ctx, budget-time.Since(began))
		if w.wantsDisk() {
			late.members = append(late.members, w)
		}
	}
	if len(late.members) > 0 {
		late.put()
	}
	for i, w := range started {
		if w != nil {
			errs[i] = w.conclude(ctx, a.cfg.DeliveryTimeout-time.Since(began))
		}
	}
	return errs
}

// start counts e and sends it off. The journal, where it is needed, is asked by the caller.
func (a *Accepter) start(e *event.Event, complete func(*event.Event)) (*pending, error) {
	if err := a.enter(); err != nil {
		return nil, err
	}
	src, topic, err := a.place(e)
	if err != nil {
		a.leave()
		return nil, err
	}
	b, p, err := a.draw(e, src)
	if err != nil {
		a.leave()
		return nil, err
	}
	ownID := e.Origin == event.Origin_ORIGIN_OWN && len(e.EventId) == 0
	if ownID {
		id := event.NewID(e.Timestamp, src.Partition(), b.id, uint32(e.Counter))
		e.EventId = append(e.EventId, id[:]...)
	}
	if complete != nil {
		complete(e)
	}
	w := a.pool.Get().(*pending)
	w.part, w.counter = p, e.Counter
	if w.value, err = event.Append(w.value[:0], e); err != nil {
		a.voided.Add(1)
		p.resolve(e.Counter, inVoid)
		a.pool.Put(w)
		a.leave()
		return nil, err
	}
	w.record = kgo.Record{Topic: topic, Partition: int32(src.Partition()), Value: w.value, Timestamp: acceptTime(e)}
	w.way = a.wayOf(p)
	w.parties.Store(1)
	if w.way.kafka {
		w.parties.Store(2)
		w.kafka = open
		p.breaker.sent(w.way.at)
		a.produce(w)
	}
	return w, nil
}

// wayOf decides how the next event of a partition becomes durable.
func (a *Accepter) wayOf(p *part) way {
	ack := a.ack.Load()
	if ack.Policy == Kafka {
		return way{kafka: true}
	}
	b := p.breaker
	broken := b.open.Load() || p.overdue.Load() > 0
	if ack.Policy == Race && !broken {
		return way{kafka: true, racing: true}
	}
	now := a.now()
	if broken {
		return way{disk: true, kafka: b.probe(now), at: now}
	}
	if b.silent(now, ack.Budget) {
		b.miss()
	}
	return way{disk: true, kafka: true, at: now}
}

// now is the monotonic time since the start, in ns, never 0.
func (a *Accepter) now() int64 { return int64(time.Since(a.began)) + 1 }

// draw takes a counter for e, under a new boot id when the present one is used up.
func (a *Accepter) draw(e *event.Event, src event.SrcPart) (*boot, *part, error) {
	for {
		b := a.boot.Load()
		p, err := b.part(src)
		if err == nil {
			e.Counter, e.Settled, err = p.draw(b.last, a.ack.Load().Policy == Kafka)
		}
		switch {
		case errors.Is(err, errBootFull):
			a.rotate(b)
			continue
		case err != nil:
			a.overloaded.Add(1)
			return nil, nil, err
		}
		e.BootId, e.SrcPart = b.id, uint32(src)
		return b, p, nil
	}
}

// rotate replaces a used-up boot; whoever comes first does it.
func (a *Accepter) rotate(old *boot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.boot.Load() != old {
		return
	}
	a.boot.Store(a.newBoot(event.NewBootID()))
	old.retire()
	a.retired = append(a.retired, old)
}

// enter takes a place among the records in flight.
func (a *Accepter) enter() error {
	n := a.inFlight.Add(1)
	if a.closed.Load() {
		a.leave()
		return ErrClosed
	}
	if n > int64(a.cfg.MaxInFlight) {
		a.leave()
		a.overloaded.Add(1)
		return ErrOverloaded
	}
	return nil
}

func (a *Accepter) leave() {
	if a.inFlight.Add(-1) == 0 && a.closed.Load() {
		select {
		case a.idle <- struct{}{}:
		default:
		}
	}
}

// acceptTime is the Kafka timestamp of the record: when we took it, as retention counts from there.
func acceptTime(e *event.Event) time.Time {
	if e.Accepted > 0 {
		return time.UnixMilli(e.Accepted)
	}
	return time.Now()
}
