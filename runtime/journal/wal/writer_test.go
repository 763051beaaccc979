package wal_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/journal/wal"
)

// slow is a directory whose syncs can be held.
type slow struct {
	wal.Dir
	gate  chan struct{}
	syncs atomic.Int64
}

type slowFile struct {
	wal.File
	dir *slow
}

func (d *slow) Create(name string, size int64) (wal.File, error) {
	f, err := d.Dir.Create(name, size)
	return &slowFile{f, d}, err
}

func (f *slowFile) Sync() error {
	f.dir.syncs.Add(1)
	<-f.dir.gate
	return f.File.Sync()
}

func TestOneSyncIsForAllWhoWait(t *testing.T) {
	dir := &slow{Dir: wal.Dir(t.TempDir()), gate: make(chan struct{}, 1000)}
	dir.gate <- struct{}{} // for the room
	dir.gate <- struct{}{} // for the header
	l, _, err := wal.Open(dir, wal.Options{Boot: 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	var observed atomic.Int64
	w := wal.NewWriter(l, func(time.Duration) { observed.Add(1) })
	const callers = 500
	var told sync.WaitGroup
	told.Add(callers)
	records := make([]*wal.Record, callers)
	for i := range records {
		records[i] = record(t, entry(7, uint64(i)))
		records[i].Notify = told.Done
		w.Put(records[i])
		if i == 0 { // alone in the first group, whose sync hangs
			eventually(t, "the first sync", func() bool { return dir.syncs.Load() == 3 })
		}
	}
	dir.gate <- struct{}{}
	dir.gate <- struct{}{}
	told.Wait()
	if n := dir.syncs.Load() - 2; n != 2 || observed.Load() != 2 {
		t.Errorf("%d syncs for %d callers, want one for the first and one for all others", n, callers)
	}
	for i, r := range records {
		if r.Err != nil {
			t.Fatalf("record %d: %v", i, r.Err)
		}
	}
	w.Close()
	late := record(t, entry(7, callers))
	late.Notify = func() {}
	if w.Put(late); !errors.Is(late.Err, wal.ErrClosed) {
		t.Errorf("put after Close: %v", late.Err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, _ = open(t, dir.Dir, 8)
	if got, _, _ := read(t, l); len(got) != callers {
		t.Errorf("%d of %d are read", len(got), callers)
	}
}

func TestADirectoryIsForOneProcess(t *testing.T) {
	dir := wal.Dir(t.TempDir())
	l, _ := open(t, dir, 7)
	if _, _, err := wal.Open(dir, options(8)); !errors.Is(err, wal.ErrLocked) {
		t.Fatalf("got %v, want ErrLocked", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, 8)
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("did not happen: %s", what)
		}
	}
}
