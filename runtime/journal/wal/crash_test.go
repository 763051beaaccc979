package wal_test

import (
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/clicktally/clicktally/runtime/journal/wal"
	"github.com/clicktally/clicktally/runtime/journal/wal/waltest"
)

// TestEveryCrash lives several lives on one disk. Each ends in a crash before some effect, and syncs,
// writes, and changes of the directory fail at random. What was promised and not done must wait in
// the next life; what certainly was not written must not; nothing may be read that nobody wrote.
func TestEveryCrash(t *testing.T) {
	lives := 0
	for seed := range uint64(1000) {
		rng := rand.New(rand.NewPCG(seed, 5))
		d := &disk{t: t, seed: seed, rng: rng, fs: waltest.New(), fate: map[id]string{}}
		for boot := uint64(1); boot <= 4; boot++ {
			d.live(boot)
			lives++
		}
	}
	t.Logf("%d lives", lives)
}

// disk is what a sequence of lives knows: for each entry promised, done, never, or unsure.
type disk struct {
	t    *testing.T
	seed uint64
	rng  *rand.Rand
	fs   *waltest.FS
	fate map[id]string
}

func (d *disk) live(boot uint64) {
	crashAt := 1 + d.rng.IntN(60)
	faulty := d.rng.IntN(3) == 0
	d.fs.Before = func(op waltest.Op) error {
		if op.Step >= crashAt {
			return waltest.ErrCrashed
		}
		if faulty && d.rng.IntN(8) == 0 {
			return syscall.EIO
		}
		return nil
	}
	if l, _, err := wal.Open(d.fs, options(boot)); err == nil {
		d.work(l, boot)
	}
	d.fs = d.fs.Crash(d.rng)
	d.check(boot)
}

func (d *disk) work(l *wal.Log, boot uint64) {
	refs := map[id]wal.Ref{}
	counter := uint64(0)
	for range 80 {
		switch d.rng.IntN(6) {
		case 0, 1, 2:
			var group []*wal.Record
			var ids []id
			for range 1 + d.rng.IntN(4) {
				group = append(group, record(d.t, entry(boot, counter)))
				ids = append(ids, id{boot, counter})
				d.fate[ids[len(ids)-1]] = "unsure" // while Append runs
				counter++
			}
			l.Append(group...)
			for i, r := range group {
				switch {
				case r.Err == nil:
					d.fate[ids[i]] = "promised"
					refs[ids[i]] = r.Ref
				case errors.Is(r.Err, wal.ErrUnsure):
				default:
					d.fate[ids[i]] = "never"
				}
			}
		case 3, 4:
			for one, ref := range refs {
				if d.rng.IntN(2) == 0 {
					l.Done(ref)
					d.fate[one] = "done"
					delete(refs, one)
				}
			}
		case 5:
			_ = l.Trim() // what it cannot do, the next one does
		}
	}
}

// check opens the directory as it is, and closes it again.
func (d *disk) check(boot uint64) {
	l, found, err := wal.Open(d.fs, options(boot+1000))
	if err != nil {
		d.t.Fatalf("seed %d boot %d: %v", d.seed, boot, err)
	}
	if len(found.Damage) > 0 {
		d.t.Fatalf("seed %d boot %d: a crash is called damage: %v", d.seed, boot, found.Damage)
	}
	ids, _, damage := read(d.t, l)
	waits := map[id]bool{}
	for _, one := range ids {
		if waits[one] {
			d.t.Fatalf("seed %d boot %d: %v is there twice", d.seed, boot, one)
		}
		waits[one] = true
		if d.fate[one] == "never" {
			d.t.Fatalf("seed %d boot %d: %v was said never to have been written", d.seed, boot, one)
		}
	}
	total := 0
	for _, tally := range found.Waiting {
		total += tally.Entries
	}
	if total != len(ids) || len(damage) > 0 {
		d.t.Fatalf("seed %d boot %d: %d wait, %d are read, damage %v", d.seed, boot, total, len(ids), damage)
	}
	for one, fate := range d.fate {
		if fate == "promised" && !waits[one] {
			d.t.Fatalf("seed %d boot %d: %v was promised and is lost", d.seed, boot, one)
		}
	}
	if err := l.Close(); err != nil {
		d.t.Fatal(err)
	}
}
