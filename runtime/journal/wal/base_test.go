package wal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/clicktally/clicktally/runtime/journal/wal"
	"github.com/clicktally/clicktally/runtime/journal/wal/waltest"
)

const (
	segmentBytes = 8 << 10
	capacity     = 64 << 10
	topic        = "ct.events.3"
)

func options(boot uint64) wal.Options {
	return wal.Options{Boot: boot, Capacity: capacity, SegmentBytes: segmentBytes}
}

func open(t testing.TB, fs wal.FS, boot uint64) (*wal.Log, *wal.Recovery) {
	t.Helper()
	l, found, err := wal.Open(fs, options(boot))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // for files of the operating system; a test closes where it matters
	return l, found
}

// entry has a value that follows from its counter and is of uneven length.
func entry(boot, counter uint64) wal.Entry {
	rng := rand.New(rand.NewPCG(boot, counter))
	value := make([]byte, 40+rng.IntN(600))
	for i := 0; i+8 <= len(value); i += 8 {
		binary.LittleEndian.PutUint64(value[i:], rng.Uint64())
	}
	value[len(value)-1] = 1 // ends in no zero
	return wal.Entry{
		Boot: boot, Counter: counter, SrcPart: 3<<16 | uint32(counter%4), Timestamp: int64(1_790_000_000_000 + counter), Topic: topic, Value: value,
	}
}

func record(t testing.TB, entries ...wal.Entry) *wal.Record {
	t.Helper()
	r := &wal.Record{}
	for i := range entries {
		if err := r.Add(&entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// put appends one event and must succeed.
func put(t testing.TB, l *wal.Log, boot, counter uint64) wal.Ref {
	t.Helper()
	r := record(t, entry(boot, counter))
	l.Append(r)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r.Ref
}

type id struct{ boot, counter uint64 }

// read returns what waits, in order, and what was said to be damaged; every entry must be one that
// entry makes.
func read(t testing.TB, l *wal.Log) (ids []id, refs map[id]wal.Ref, damage []*wal.Damage) {
	t.Helper()
	c := l.Read()
	defer c.Close()
	refs = map[id]wal.Ref{}
	for {
		var e wal.Entry
		ref, err := c.Next(&e)
		if errors.Is(err, io.EOF) {
			return ids, refs, damage
		}
		if d, ok := errors.AsType[*wal.Damage](err); ok {
			damage = append(damage, d)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := entry(e.Boot, e.Counter); e.SrcPart != want.SrcPart || e.Timestamp != want.Timestamp || e.Topic != want.Topic || !bytes.Equal(e.Value, want.Value) {
			t.Fatalf("read a record that nobody wrote: %v", e)
		}
		ids = append(ids, id{e.Boot, e.Counter})
		refs[ids[len(ids)-1]] = ref
	}
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 99)) }

// crashed is the directory after a crash in which nothing that was unsynced survived or all did, as
// rng has it.
func crashed(fs *waltest.FS, seed uint64) *waltest.FS { return fs.Crash(seeded(seed)) }
