package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Latest is the last judgement of the loop, nil before the first.
func (l *Ledger) Latest() *Report { return l.latest.Load() }

// Verdict is the condition Balanced of the completed hours that the loop judged last.
func (l *Ledger) Verdict() Verdict {
	if r := l.Latest(); r != nil {
		return r.Verdict
	}
	return Verdict{Status: Unknown, Reason: "NotJudged", Message: "no completed hour was judged yet"}
}

// Run copies heartbeats and dead letters, and judges the completed hours, until ctx ends. What fails
// is logged when the trouble starts and when it ends, and tried again.
func (l *Ledger) Run(ctx context.Context) error {
	defer l.Close()
	tick := time.NewTicker(l.cfg.CopyEvery)
	defer tick.Stop()
	copying, judging := trouble{what: "heartbeats and dead letters"}, trouble{what: "judging completed hours"}
	var due time.Time
	for ctx.Err() == nil {
		copying.note(ctx, l.cfg.Log, l.copyIfReady(ctx))
		if now := l.cfg.Now(); !now.Before(due) {
			due = now.Add(l.cfg.JudgeEvery)
			err := l.judge(ctx, now)
			judging.note(ctx, l.cfg.Log, err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return nil
}

// copyIfReady waits with the first copy for the catalog: the tables' retention is in it.
func (l *Ledger) copyIfReady(ctx context.Context) error {
	if l.cfg.Catalog() == nil {
		return nil
	}
	if err := l.ensure(ctx); err != nil {
		return err
	}
	return l.Copy(ctx)
}

// judge looks at the last completed hours; there is nothing to look at before the catalog is known.
func (l *Ledger) judge(ctx context.Context, now time.Time) error {
	to := now.Add(-l.cfg.Grace).UTC().Truncate(time.Hour)
	report, err := l.Check(ctx, Period{to.Add(-time.Duration(l.cfg.Hours) * time.Hour), to}, nil)
	switch {
	case errors.Is(err, ErrNoCatalog):
		return nil
	case err != nil:
		l.metrics.failed()
		return err
	}
	before := l.Verdict().Status
	l.latest.Store(report)
	l.metrics.judged(report)
	l.cfg.OnReport(report)
	if v := report.Verdict; v.Status != before {
		l.cfg.Log.Info("condition Balanced", "status", v.Status, "reason", v.Reason, "message", v.Message)
	}
	return nil
}

// Handler answers the last judgement of the loop as JSON, 404 before the first. It belongs on an
// admin port.
func (l *Ledger) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		report := l.Latest()
		if report == nil {
			http.Error(w, l.Verdict().Message, http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(report) // a caller that left needs no answer
	})
}
