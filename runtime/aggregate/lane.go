package aggregate

import (
	"context"
	"time"

	"github.com/clicktally/clicktally/runtime/failpoint"
)

// lane runs one kind of effect, at most one at a time: the worker's queues are one deep, and what
// waits stays in the state machines.
type lane struct {
	name  string
	busy  bool
	after time.Time // not before; set after a failure
}

func (l *lane) free(now time.Time) bool { return !l.busy && !now.Before(l.after) }

// run starts work outside the loop. What it returns runs in the loop, with the error of the effect.
// There is room for every lane's answer.
func (w *worker) run(ctx context.Context, l *lane, work func(context.Context) (answer func(), err error)) {
	l.busy = true
	w.effects.Go(func() {
		start := time.Now()
		answer, err := work(ctx)
		w.metrics.seconds.WithLabelValues(l.name).Observe(time.Since(start).Seconds())
		w.answers <- func() { w.finished(ctx, l, answer, err) }
	})
}

// finished takes an effect's answer into the loop. A failed effect is tried again later; a fault ends
// the worker.
func (w *worker) finished(ctx context.Context, l *lane, answer func(), err error) {
	l.busy = false
	if err != nil && ctx.Err() == nil {
		l.after = w.cfg.Now().Add(w.cfg.RetryAfter)
		w.metrics.failures.WithLabelValues(l.name).Inc()
		w.cfg.Log.Warn("effect failed, will be tried again", "effect", l.name, "error", err)
	}
	if answer != nil {
		answer()
	}
}

// steps are the failpoints around an effect, by its name.
var steps = map[string]struct{ before, after string }{
	"events":   {failpoint.AggregateRawBefore, failpoint.AggregateRawAfter},
	"manifest": {after: failpoint.AggregateManifestAfter},
	"minutes":  {failpoint.AggregateMinutesBefore, failpoint.AggregateMinutesAfter},
	"marks":    {after: failpoint.AggregateMarksAfter},
	"live":     {failpoint.AggregateLiveBefore, failpoint.AggregateLiveAfter},
}

// effect runs one step of an effect, unless a test's fault stands before it.
func (w *worker) effect(name string, do func() error) error {
	if err := w.cfg.Fault(name); err != nil {
		w.die(err)
		return err
	}
	if err := failpoint.Hit(steps[name].before); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return failpoint.Hit(steps[name].after)
}
