package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal/wal"
)

// disk is the journal of an Accepter. A nil disk is none.
type disk struct {
	notes  notes
	log    *wal.Log
	writer *wal.Writer
	ship   *shipper
}

// openDisk takes the directory, finds out what earlier boots left in it, and notes the present one.
func (a *Accepter) openDisk() error {
	dir := a.cfg.FS
	if dir == nil {
		dir = wal.Dir(a.cfg.Dir)
	}
	known, err := (&notes{fs: dir}).read()
	if err != nil {
		return err
	}
	log, found, err := wal.Open(dir, wal.Options{
		Boot: a.boot.Load().id, Capacity: a.cfg.Capacity,
		Settled: func(o wal.Origin) uint64 { return known.settled(o) },
	})
	if err != nil {
		return err
	}
	for _, d := range found.Damage {
		a.cfg.Log.Error("the journal is damaged", "error", d)
	}
	a.disk = &disk{notes: notes{fs: dir}, log: log}
	if err := a.adopt(known, found.Waiting); err != nil {
		return errors.Join(err, log.Close())
	}
	if !a.cfg.drainOnly {
		if err := errors.Join(a.disk.notes.write(a.boot.Load()), log.Prepare()); err != nil {
			a.cfg.Log.Warn("the journal's disk cannot be written to: until it can, only Kafka makes events durable", "error", err)
		}
	}
	a.disk.writer = wal.NewWriter(log, a.metrics.synced)
	a.disk.ship = newShipper(a, a.disk.writer.Read)
	return nil
}

// adopt takes the boots of earlier processes in: they are reported until what they left is shipped.
func (a *Accepter) adopt(known known, waiting map[wal.Origin]wal.Tally) error {
	for o := range waiting {
		known.add(o, a.cfg.Pod)
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		b := (&boot{id: id, pod: known[id].pod, noted: known[id].at, dead: true, breaker: a.breakerOf}).begun()
		for _, p := range known[id].parts {
			if err := b.restore(p, waiting[wal.Origin{Boot: id, SrcPart: p.SrcPart}]); err != nil {
				return fmt.Errorf("boot %x: %w", id, err)
			}
		}
		a.retired = append(a.retired, b)
		a.cfg.Log.Info("an earlier boot is taken over", "boot", fmt.Sprintf("%016x", id), "pod", b.pod)
	}
	return nil
}

// partOf finds the partition of a boot that is not drained; nil when there is none.
func (a *Accepter) partOf(id uint64, src uint32) *part {
	a.mu.Lock()
	b := a.boot.Load()
	if b.id != id {
		b = nil
		for _, r := range a.retired {
			if r.id == id {
				b = r
			}
		}
	}
	a.mu.Unlock()
	if b == nil {
		return nil
	}
	g := (*b.generations.Load())[event.SrcPart(src).Generation()]
	if g == nil {
		return nil
	}
	return g.parts[event.SrcPart(src).Partition()].Load()
}

// noteProgress keeps the notes of the living boots fresh.
func (a *Accepter) noteProgress(ctx context.Context, log *slog.Logger) {
	every(ctx, a.cfg.HeartbeatEvery, log, "the journal's notes", func(context.Context) error {
		a.mu.Lock()
		boots := append(slices.Clone(a.retired), a.boot.Load())
		a.mu.Unlock()
		var errs []error
		for _, b := range boots {
			if !b.dead {
				errs = append(errs, a.disk.notes.write(b))
			}
		}
		return errors.Join(errs...)
	})
}

// forget removes the note of a boot that was reported as drained.
func (d *disk) forget(boot uint64) {
	if d == nil {
		return
	}
	if err := d.notes.remove(boot); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.ship.log.Warn("a note of the journal could not be removed", "error", err) // the next start says drained again
	}
}

// use is how many bytes wait, of how many there is room for.
func (d *disk) use() (bytes, capacity uint64) {
	if d == nil {
		return 0, 0
	}
	s := d.log.Stats()
	return uint64(s.Bytes), uint64(s.Capacity)
}

func (d *disk) waiting() int {
	if d == nil {
		return 0
	}
	return d.log.Stats().Waiting
}

func (d *disk) shipAll(ctx context.Context) {
	if d != nil {
		d.ship.all(ctx)
	}
}

// close brings what the writer has to its end. A disk that hangs is left behind when ctx ends.
func (d *disk) close(ctx context.Context) error {
	if d == nil {
		return nil
	}
	closed := make(chan error, 1)
	go func() {
		d.writer.Close()
		closed <- d.log.Close()
	}()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-closed:
		return err
	case <-time.After(closeGrace):
		return errors.New("close journal: the disk does not answer")
	}
}

// closeGrace is how long a disk may still take when there is no time left.
const closeGrace = time.Second
