package journal

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/time/rate"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/failpoint"
	"github.com/clicktally/clicktally/runtime/journal/wal"
)

const (
	// DefaultShipRate bounds how many events a second are shipped.
	DefaultShipRate = 20_000
	// shipBurst is how many are out at once.
	shipBurst = 512
	// shipGrace is how long an event whose own produce may still be acknowledged is left alone.
	shipGrace = time.Second
	// shipPauseMax bounds the pause after a round that shipped nothing.
	shipPauseMax = 15 * time.Second
	// shipPoll is how often what is under way is looked at while closing.
	shipPoll = 10 * time.Millisecond
)

// shipper brings what waits in the journal to the log, in order, under its old ids and to the
// partition it names. One burst is out at a time; a partition that does not answer is passed over
// until it does.
type shipper struct {
	a       *Accepter
	read    func() *wal.Cursor
	log     *slog.Logger
	limit   *rate.Limiter
	timeout time.Duration // of a burst

	rounds  sync.Mutex // one round at a time
	last    error      // of a round: why something was not shipped
	shipped atomic.Uint64
	oldest  atomic.Int64 // timestamp of what waits first, ms; 0: nothing waits

	mu    sync.Mutex
	stuck map[event.SrcPart]int // unanswered after their burst
	out   map[wal.Ref]bool      // unanswered; true once its burst is over
}

func newShipper(a *Accepter, read func() *wal.Cursor) *shipper {
	return &shipper{
		a: a, read: read, log: a.cfg.Log, limit: rate.NewLimiter(rate.Limit(a.cfg.ShipRate), shipBurst), timeout: a.cfg.DeliveryTimeout,
		stuck: map[event.SrcPart]int{}, out: map[wal.Ref]bool{},
	}
}

// run ships until ctx ends. What earlier boots left goes at once; what this one journals is given time
// for its own produce.
func (s *shipper) run(ctx context.Context) {
	for grace := time.Duration(0); ctx.Err() == nil; {
		c := s.read()
		if !sleep(ctx, grace) {
			c.Close()
			return
		}
		sent, acked := s.round(ctx, c)
		if sent > 0 && acked == 0 {
			grace = min(2*max(grace, shipGrace), shipPauseMax)
		} else {
			grace = shipGrace
		}
		if err := s.a.disk.log.Trim(); err != nil {
			s.log.Warn("shipped segments could not be put away", "error", err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// all ships until nothing waits or ctx ends.
func (s *shipper) all(ctx context.Context) {
	for s.a.disk.waiting() > 0 && ctx.Err() == nil {
		if sent, acked := s.round(ctx, s.read()); acked == 0 {
			sleep(ctx, shipPoll)
			if sent > 0 {
				sleep(ctx, retryBackoff)
			}
		}
	}
}

// round ships what the cursor reads and closes it.
func (s *shipper) round(ctx context.Context, c *wal.Cursor) (sent, acked int) {
	s.rounds.Lock()
	defer s.rounds.Unlock()
	defer c.Close()
	failed := map[event.SrcPart]bool{}
	first := int64(0)
	was := s.last
	s.last = nil
	defer func() {
		switch {
		case sent == 0:
			s.last = was // nothing was tried
		case s.last != nil && was == nil:
			s.log.Warn("the journal cannot be shipped", "error", s.last, "waiting", s.a.disk.waiting())
		case s.last == nil && was != nil:
			s.log.Info("the journal is shipped again", "waiting", s.a.disk.waiting())
		}
	}()
	for more := true; more && ctx.Err() == nil; {
		var burst []*shipment
		burst, more = s.collect(c, failed, &first)
		if len(burst) == 0 || s.limit.WaitN(ctx, len(burst)) != nil {
			break
		}
		got := s.send(ctx, burst, failed)
		sent, acked = sent+len(burst), acked+got
		if got == 0 {
			break // nothing gets through: not the time to read on
		}
	}
	if s.a.disk.waiting() == 0 {
		first = 0
	}
	s.oldest.Store(first)
	return sent, acked
}

// shipment is one entry on its way.
type shipment struct {
	ref     wal.Ref
	src     event.SrcPart
	counter uint64
	part    *part // nil: nobody reports its boot any more
	record  kgo.Record
}

// collect reads the next burst. Entries of partitions that fail, or are out already, are passed over.
func (s *shipper) collect(c *wal.Cursor, failed map[event.SrcPart]bool, first *int64) (burst []*shipment, more bool) {
	var e wal.Entry
	for len(burst) < shipBurst {
		ref, err := c.Next(&e)
		switch {
		case errors.Is(err, io.EOF):
			return burst, false
		case err != nil:
			s.log.Error("the journal is damaged", "error", err)
			continue
		}
		if *first == 0 {
			*first = e.Timestamp
		}
		src := event.SrcPart(e.SrcPart)
		if failed[src] || s.isStuck(src, ref) {
			continue
		}
		burst = append(burst, &shipment{
			ref: ref, src: src, counter: e.Counter, part: s.a.partOf(e.Boot, e.SrcPart),
			record: kgo.Record{
				Topic: e.Topic, Partition: int32(src.Partition()), Value: append([]byte(nil), e.Value...), Timestamp: time.UnixMilli(e.Timestamp),
			},
		})
	}
	return burst, true
}

func (s *shipper) isStuck(src event.SrcPart, ref wal.Ref) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, out := s.out[ref]
	return out || s.stuck[src] > 0
}

// send produces a burst and waits for its answers. Partitions that did not answer in time, or refused,
// are failed for this round.
func (s *shipper) send(ctx context.Context, burst []*shipment, failed map[event.SrcPart]bool) (acked int) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel() // what was not written to a connection by then is given up, and read again
	answers := make(chan answered, len(burst))
	waiting := make(map[*shipment]bool, len(burst))
	began := time.Now()
	for _, one := range burst {
		waiting[one] = true
		s.produce(ctx, one, answers)
	}
	for len(waiting) > 0 {
		select {
		case got := <-answers:
			delete(waiting, got.of)
			if got.err != nil {
				failed[got.of.src] = true
				s.last = got.err
				continue
			}
			acked++
			if time.Since(began) <= shipGrace { // the next events find out whether it is within the budget
				s.a.breakerOf(got.of.src).inTime()
			}
			continue
		case <-ctx.Done():
		}
		break
	}
	for one := range waiting {
		failed[one.src] = true
		s.last = ErrTimeout
	}
	s.leave(waiting)
	return acked
}

type answered struct {
	of  *shipment
	err error
}

func (s *shipper) produce(ctx context.Context, one *shipment, answers chan<- answered) {
	s.mu.Lock()
	s.out[one.ref] = false
	s.mu.Unlock()
	promise := func(_ *kgo.Record, err error) {
		if err == nil {
			err = failpoint.Hit(failpoint.JournalProduceAfter)
		}
		if err == nil {
			s.done(one)
		}
		s.back(one)
		answers <- answered{one, err}
	}
	if err := failpoint.Hit(failpoint.JournalProduceBefore); err != nil {
		promise(nil, err)
		return
	}
	s.a.cfg.Ship.TryProduce(ctx, &one.record, promise)
}

func (s *shipper) done(one *shipment) {
	if !s.a.disk.log.Done(one.ref) {
		return
	}
	s.shipped.Add(1)
	if one.part != nil {
		one.part.shipped(one.counter)
	}
}

// leave marks what is unanswered after its burst; back takes an answered one out of the books.
func (s *shipper) leave(waiting map[*shipment]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range waiting {
		if _, ok := s.out[one.ref]; ok {
			s.out[one.ref] = true
			s.stuck[one.src]++
		}
	}
}

func (s *shipper) back(one *shipment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out[one.ref] {
		if s.stuck[one.src]--; s.stuck[one.src] == 0 {
			delete(s.stuck, one.src)
		}
	}
	delete(s.out, one.ref)
}
