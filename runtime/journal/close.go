package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Close takes no more events, waits for those in flight, ships what waits in the journal, and writes
// the last heartbeat, which says drained when every counter has a known fate and the journal is empty;
// ctx bounds the whole. It does not close the client. The error says what stayed open; what is in the
// journal stays there and is shipped after the next start.
func (a *Accepter) Close(ctx context.Context) error {
	if a.closed.Swap(true) {
		return nil
	}
	a.disk.shipAll(ctx)
	if a.inFlight.Load() > 0 && a.anythingOpen() {
		select {
		case <-a.idle:
		case <-ctx.Done():
		}
		a.disk.shipAll(ctx) // what they left in the journal
	}
	a.beats.Lock()
	defer a.beats.Unlock()
	if !a.over {
		a.over = true
		a.rotate(a.boot.Load())
	}
	return errors.Join(a.lastBeats(ctx), a.disk.close(ctx))
}

// anythingOpen says whether any boot has a counter of unknown fate.
func (a *Accepter) anythingOpen() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, open := a.boot.Load().progress()
	for _, b := range a.retired {
		_, one := b.progress()
		open = open || one
	}
	return open
}

// lastBeats reports all boots, until they are drained or ctx ends. It is called with beats held.
func (a *Accepter) lastBeats(ctx context.Context) error {
	for err := a.beatRetired(ctx); err != nil; err = a.beatRetired(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("close journal: %w", err)
		case <-time.After(retryBackoff):
		}
	}
	a.mu.Lock()
	left := len(a.retired)
	a.mu.Unlock()
	if left == 0 {
		return nil
	}
	return fmt.Errorf("close journal: %d events in flight have no known fate, %d wait in the journal for the next start", a.inFlight.Load(), a.disk.waiting())
}
