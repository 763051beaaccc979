package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
)

// Accept makes e durable and returns when the log has acknowledged it. It sets e's boot id, counter,
// settled, src_part and, for an own event without one, the event id. Any error means that the event
// was promised to nobody; ErrTimeout alone leaves open whether it will still land.
func (a *Accepter) Accept(ctx context.Context, e *event.Event) error {
	return a.AcceptWith(ctx, e, nil)
}

// AcceptWith is Accept with a step between id and encoding: complete sees the event with its id and
// may write what depends on it, a destination with {clickid} for one.
func (a *Accepter) AcceptWith(ctx context.Context, e *event.Event, complete func(*event.Event)) error {
	p, err := a.start(e, complete)
	if err != nil {
		return err
	}
	return p.wait(ctx, a.cfg.DeliveryTimeout)
}

// AcceptBatch makes all events durable at once and tells the fate of each, in order: nil, or what
// Accept would have returned.
func (a *Accepter) AcceptBatch(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	started := make([]*pending, len(events))
	deadline := time.Now().Add(a.cfg.DeliveryTimeout)
	for i, e := range events {
		started[i], errs[i] = a.start(e, nil)
	}
	for i, p := range started {
		if p != nil {
			errs[i] = p.wait(ctx, time.Until(deadline))
		}
	}
	return errs
}

// start sends e off. After it, exactly one of the pending's promise and this error tells the fate.
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
		a.void(p, e.Counter)
		a.pool.Put(w)
		a.leave()
		return nil, err
	}
	w.record = kgo.Record{Topic: topic, Partition: int32(src.Partition()), Value: w.value, Timestamp: acceptTime(e)}
	w.parties.Store(2)
	a.cfg.Client.TryProduce(context.Background(), &w.record, w.promise)
	return w, nil
}

// draw takes a counter for e, under a new boot id when the present one is used up.
func (a *Accepter) draw(e *event.Event, src event.SrcPart) (*boot, *part, error) {
	for {
		b := a.boot.Load()
		p, err := b.part(src)
		if err == nil {
			e.Counter, e.Settled, err = p.draw(b.last)
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
	a.boot.Store(newBoot(event.NewBootID(), a.cfg.lastCounter))
	old.retire()
	a.retired = append(a.retired, old)
}

func (a *Accepter) void(p *part, counter uint64) {
	a.voided.Add(1)
	p.resolve(counter, true)
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

// refused wraps franz-go's reason.
func refused(err error) error { return fmt.Errorf("%w: %w", ErrRefused, err) }
