package journal

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// pending is one record between its caller and the log. Two parties hold it, the caller that waits
// and franz-go's promise; whoever lets go last returns it to the pool, because franz-go reads the
// value until it has called the promise.
type pending struct {
	owner   *Accepter
	part    *part
	counter uint64
	value   []byte
	record  kgo.Record
	promise func(*kgo.Record, error)
	fate    chan error // one token
	timer   *time.Timer
	parties atomic.Int32
	stage   atomic.Int32
}

// Stages of a pending record: who comes first, the fate or the caller's deadline.
const (
	waiting int32 = iota
	fated
	overdue
)

// maxPooledValue keeps a rare large event from staying in the pool.
const maxPooledValue = 8 << 10

func newPending(a *Accepter) *pending {
	w := &pending{owner: a, fate: make(chan error, 1), timer: time.NewTimer(time.Hour)}
	w.timer.Stop()
	w.promise = w.settle
	return w
}

// settle is called once by franz-go, in order, on a goroutine that must not block.
func (w *pending) settle(_ *kgo.Record, err error) {
	a := w.owner
	switch {
	case err == nil:
		a.accepted.Add(1)
		w.part.resolve(w.counter, false)
	case errors.Is(err, kgo.ErrClientClosed):
		err = ErrTimeout // the fate stays open for good: see the package comment
	default:
		a.void(w.part, w.counter)
		err = refused(err)
	}
	if !w.stage.CompareAndSwap(waiting, fated) {
		if w.part.overdue.Add(-1); err == nil {
			a.late.Add(1)
		}
	}
	w.fate <- err
	w.release()
	a.leave()
}

// wait returns the fate, or ErrTimeout when it is not known in time.
func (w *pending) wait(ctx context.Context, timeout time.Duration) error {
	defer w.release()
	select {
	case err := <-w.fate:
		return err
	default:
	}
	w.timer.Reset(timeout)
	defer w.timer.Stop()
	select {
	case err := <-w.fate:
		return err
	case <-w.timer.C:
	case <-ctx.Done():
	}
	w.part.overdue.Add(1)
	if !w.stage.CompareAndSwap(waiting, overdue) {
		w.part.overdue.Add(-1) // the fate came just now
		return <-w.fate
	}
	w.owner.timedOut.Add(1)
	return ErrTimeout
}

func (w *pending) release() {
	if w.parties.Add(-1) > 0 {
		return
	}
	if len(w.fate) > 0 { // nobody waited for it
		w.fate = make(chan error, 1)
	}
	w.part, w.record = nil, kgo.Record{}
	w.stage.Store(waiting)
	if cap(w.value) > maxPooledValue {
		w.value = nil
	}
	w.owner.pool.Put(w)
}
