package journal

import (
	"context"
	"time"
)

// fullPatience is how long a caller whom the journal had to refuse waits for Kafka.
const fullPatience = time.Second

// race waits for Kafka's answer, no longer than the budget.
func (w *pending) race(ctx context.Context, budget time.Duration) {
	if !w.way.racing {
		return
	}
	for first := true; ; first = false {
		w.mu.Lock()
		over := w.kafka != open
		w.mu.Unlock()
		if over {
			w.timer.Stop()
			return
		}
		if first {
			w.timer.Reset(budget)
		}
		select {
		case <-w.news:
			continue
		case <-w.timer.C:
		case <-ctx.Done():
		}
		break
	}
	w.mu.Lock()
	late := w.kafka == open
	w.late = late
	w.mu.Unlock()
	if late {
		w.part.breaker.miss()
	}
}

// wantsDisk says whether the journal is to be asked now, and notes that it is.
func (w *pending) wantsDisk() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.resolved || w.final || w.disk != notAsked || !w.way.disk && !w.way.racing {
		return false
	}
	w.disk = open
	return true
}

// conclude waits for the fate and returns it, or ErrTimeout when it is not known in time.
func (w *pending) conclude(ctx context.Context, timeout time.Duration) error {
	defer w.release()
	running := time.Duration(0) // what the timer was set to
	for {
		known, patience, err := w.look(timeout)
		if known {
			if running > 0 {
				w.timer.Stop()
			}
			return err
		}
		if running != patience {
			running = patience
			w.timer.Reset(patience)
		}
		select {
		case <-w.news:
			continue
		case <-w.timer.C:
		case <-ctx.Done():
		}
		return w.giveUp()
	}
}

// look is the fate, when it is known, and else how long to wait for it.
func (w *pending) look(timeout time.Duration) (known bool, patience time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.resolved && !w.void:
		return true, 0, nil
	case w.void:
		return true, 0, w.err
	case w.kafka != open && w.disk != open:
		w.owner.timedOut.Add(1)
		return true, 0, ErrTimeout // nothing more will be told
	case w.disk == no:
		return false, min(timeout, fullPatience), nil
	}
	return false, timeout, nil
}

// giveUp is the answer to a caller who waited long enough.
func (w *pending) giveUp() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.resolved && !w.void: // just now
		return nil
	case w.void:
		return w.err
	}
	w.gone = true
	if w.kafka == open {
		w.part.overdue.Add(1)
		w.part.breaker.miss()
	}
	w.owner.timedOut.Add(1)
	return ErrTimeout
}
