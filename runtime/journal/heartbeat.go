package journal

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
)

// Run reports once every HeartbeatEvery, ships what waits in the journal, and notes there how far the
// counters are, until ctx ends. A heartbeat that could not be written is logged when the trouble
// starts and when it ends; the next one carries everything again.
func (a *Accepter) Run(ctx context.Context, log *slog.Logger) {
	var owned sync.WaitGroup
	defer owned.Wait()
	if a.disk != nil {
		owned.Go(func() { a.disk.ship.run(ctx) })
		owned.Go(func() { a.noteProgress(ctx, log) })
	}
	every(ctx, a.cfg.HeartbeatEvery, log, "heartbeats", a.Beat)
}

// every does something again and again until ctx ends, and logs when it begins to fail and when that ends.
func every(ctx context.Context, interval time.Duration, log *slog.Logger, what string, do func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	failing := false
	for {
		err := do(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			log.Warn("not written", "what", what, "error", err)
		case err == nil && failing:
			log.Info("written again", "what", what)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Beat writes one heartbeat for each boot that is not finished, and waits for the log.
func (a *Accepter) Beat(ctx context.Context) error {
	a.beats.Lock()
	defer a.beats.Unlock()
	if err := a.beatRetired(ctx); err != nil || a.over {
		return err
	}
	_, err := a.beat(ctx, a.boot.Load(), false)
	return err
}

// beatRetired reports the boots that are over, and forgets those that are drained.
func (a *Accepter) beatRetired(ctx context.Context) error {
	a.mu.Lock()
	retired := slices.Clone(a.retired)
	a.mu.Unlock()
	for _, b := range retired {
		drained, err := a.beat(ctx, b, true)
		if err != nil {
			return err
		}
		if drained {
			a.forget(b)
			a.disk.forget(b.id)
		}
	}
	return nil
}

// beat reports one boot. A boot that is over is drained once every counter has a known fate and
// nothing of it waits in the journal. What concerns the whole process is in the present boot's report.
func (a *Accepter) beat(ctx context.Context, b *boot, over bool) (drained bool, err error) {
	parts, open := b.progress()
	h := &event.Heartbeat{
		Pod: b.pod, BootId: b.id, At: b.reportedAt(), Version: a.cfg.Version,
		Partitions: parts, Drained: over && !open,
	}
	used, capacity := a.disk.use()
	h.JournalCapacity = capacity // of every boot: one that is never reported as drained may have left events there
	if !over {
		h.LogAwaySince, h.JournalBytes = a.away.since.Load(), used
	}
	if a.cfg.CatalogState != nil {
		h.AppliedOffset, h.RejectedKeys = a.cfg.CatalogState()
	}
	if a.cfg.Addresses != nil && !over {
		h.AddressesKnown, h.AddressesHidden = a.cfg.Addresses()
	}
	value, err := h.MarshalVT()
	if err != nil {
		return false, fmt.Errorf("encode heartbeat: %w", err)
	}
	key := []byte(heartbeatKey(b.pod, b.id))
	if err := a.write(ctx, &kgo.Record{Topic: a.cfg.HeartbeatTopic, Key: key, Value: value}); err != nil {
		return false, fmt.Errorf("write heartbeat: %w", err)
	}
	return h.Drained, nil
}

// write waits for the log no longer than heartbeatTimeout; franz-go itself would wait for the fate
// of a record that is out.
func (a *Accepter) write(ctx context.Context, r *kgo.Record) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	fate := make(chan error, 1)
	a.cfg.Client.TryProduce(ctx, r, func(_ *kgo.Record, err error) { fate <- err })
	select {
	case err := <-fate:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *Accepter) forget(done *boot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retired = slices.DeleteFunc(a.retired, func(b *boot) bool { return b == done })
}

func heartbeatKey(pod string, boot uint64) string {
	return pod + "/" + strconv.FormatUint(boot, 16)
}
