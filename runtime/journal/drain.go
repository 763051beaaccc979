package journal

import (
	"context"
	"errors"
	"log/slog"
)

// Drain ships what a journal holds and reports its boots as drained; it accepts nothing. It returns
// nil once the journal is empty and reported, and an error when ctx ends before.
func Drain(ctx context.Context, cfg Config, log *slog.Logger) error {
	if cfg.Dir == "" && cfg.FS == nil {
		return errors.New("drain: no journal directory given")
	}
	cfg.drainOnly, cfg.Log = true, log
	a, err := New(cfg)
	if err != nil {
		return err
	}
	a.over = true // it reports earlier boots, and counts nothing itself
	log.Info("draining a journal", "events", a.disk.waiting())
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		every(running, a.cfg.HeartbeatEvery, log, "heartbeats", a.Beat)
	}()
	a.disk.shipAll(ctx)
	stop()
	<-done
	err = a.Close(ctx)
	log.Info("drained", "shipped", a.Stats().Shipped, "error", err)
	return err
}
