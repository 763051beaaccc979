package wal_test

import (
	"slices"
	"testing"

	"github.com/clicktally/clicktally/runtime/journal/wal"
	"github.com/clicktally/clicktally/runtime/journal/wal/waltest"
)

// TestTornTail cuts and flips the last segment at every byte. The first half of it was synced.
func TestTornTail(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	for counter := range uint64(4) {
		put(t, l, 7, counter)
	}
	name, before := onlySegment(t, fs)
	fs.Before = func(op waltest.Op) error {
		if op.Kind == waltest.Sync {
			return waltest.ErrCrashed
		}
		return nil
	}
	l.Append(record(t, entry(7, 4)), record(t, entry(7, 5)), record(t, entry(7, 6)))
	_, after := onlySegment(t, fs)
	synced := used(before)
	end := used(after)
	all := []id{{7, 0}, {7, 1}, {7, 2}, {7, 3}, {7, 4}, {7, 5}, {7, 6}}
	look := func(what string, at int, data []byte) {
		t.Helper()
		damaged := waltest.New()
		damaged.Put(name, data)
		l, found := open(t, damaged, 8)
		got, _, _ := read(t, l) // fails on a wrong record
		if len(got) > len(all) || !slices.Equal(got, all[:len(got)]) {
			t.Fatalf("%s at byte %d: read %v, no prefix of what was written", what, at, got)
		}
		if at >= synced && (len(got) < 4 || len(found.Damage) > 0) {
			t.Fatalf("%s at byte %d, behind what was synced: read only %v, damage %v", what, at, got, found.Damage)
		}
	}
	for at := range end {
		look("cut", at, after[:at])
		for _, bit := range []byte{1, 0x80} {
			flipped := slices.Clone(after)
			flipped[at] ^= bit
			look("flip", at, flipped)
		}
	}
	look("nothing", end, after)
}

func onlySegment(t *testing.T, fs *waltest.FS) (string, []byte) {
	t.Helper()
	files := fs.Files()
	if len(files) != 1 {
		t.Fatalf("%d files, want one", len(files))
	}
	for name, data := range files {
		return name, data
	}
	return "", nil
}

// used is behind the last byte that is not zero.
func used(data []byte) int {
	end := len(data)
	for end > 0 && data[end-1] == 0 {
		end--
	}
	return end
}

// TestDamageInASealedSegment flips bytes all over the first of three segments: the file and the place
// are named, no other record is lost, and nothing wrong is read.
func TestDamageInASealedSegment(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	var all []id
	segmentOf := map[id]uint64{}
	for counter := uint64(0); ; counter++ {
		ref := put(t, l, 7, counter)
		all = append(all, id{7, counter})
		segmentOf[all[len(all)-1]] = ref.Segment
		if ref.Segment == 3 {
			break
		}
	}
	files := fs.Files()
	const name = "0000000000000001.segment"
	end := used(files[name])
	lossy := 0
	for at := 0; at < end; at += 13 {
		damaged := waltest.New()
		for other, data := range files {
			damaged.Put(other, data)
		}
		flipped := slices.Clone(files[name])
		flipped[at] ^= 0x10
		damaged.Put(name, flipped)
		l, found := open(t, damaged, 8)
		got, refs, _ := read(t, l)
		lost := 0
		for _, one := range all {
			if !slices.Contains(got, one) {
				if segmentOf[one] != 1 {
					t.Fatalf("byte %d: a record of segment %d is lost", at, segmentOf[one])
				}
				lost++
			}
		}
		switch inHeader := at < 4096; {
		case inHeader && at >= 56:
			if lost > 0 || len(found.Damage) > 0 {
				t.Fatalf("byte %d is not used, and %d records are lost, %v", at, lost, found.Damage)
			}
			continue
		case len(found.Damage) != 1 || found.Damage[0].File != name || !inHeader && (found.Damage[0].Offset > int64(at) || lost > 1):
			t.Fatalf("byte %d: %d records lost, damage %v; want at most one, named", at, lost, found.Damage)
		}
		lossy += lost
		for _, ref := range refs {
			l.Done(ref)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, kept := damaged.Files()["0000000000000001.damaged"]; !kept {
			t.Fatalf("byte %d: the damaged file is not kept", at)
		}
	}
	if lossy == 0 {
		t.Error("no flip cost a record: the test met nothing but marks")
	}
}

// TestDamageFoundWhileRunning is damage that appears behind an open journal's back.
func TestDamageFoundWhileRunning(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	refs := []wal.Ref{}
	for counter := range uint64(5) {
		refs = append(refs, put(t, l, 7, counter))
	}
	name, data := onlySegment(t, fs)
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	second := 4096 + 12 + 13 + 12 + 9 + 33 + len(topic) + len(entry(7, 0).Value) // header, a mark's frame, a record's, its entry
	if _, err := f.WriteAt([]byte{data[second+20] ^ 1}, int64(second+20)); err != nil {
		t.Fatal(err)
	}
	got, _, damage := read(t, l)
	if !slices.Equal(got, []id{{7, 0}, {7, 2}, {7, 3}, {7, 4}}) || len(damage) != 1 || damage[0].Offset != int64(second) {
		t.Fatalf("read %v, damage %v, want all but counter 1 and its place", got, damage)
	}
	if s := l.Stats(); s.Lost != 1 || s.Waiting != 4 {
		t.Errorf("stats %+v, want one lost, four waiting", s)
	}
	for _, ref := range refs {
		l.Done(ref)
	}
	for range 2 {
		if err := l.Trim(); err != nil {
			t.Fatal(err)
		}
	}
	if _, kept := fs.Files()["0000000000000001.damaged"]; !kept {
		t.Errorf("files %v: the damaged one is not kept", fs.Files())
	}
}

// FuzzSegment reads any bytes as a segment, alone and as the sealed predecessor of a good one.
func FuzzSegment(f *testing.F) {
	fs := waltest.New()
	l, _ := open(f, fs, 7)
	for counter := range uint64(16) {
		put(f, l, 7, counter)
	}
	good := fs.Files()
	const first, second = "0000000000000001.segment", "0000000000000002.segment"
	f.Add(good[first])
	f.Add(good[second])
	f.Add([]byte("ctjournl"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, successor := range []bool{false, true} {
			fs := waltest.New()
			fs.Put(first, data)
			if successor {
				fs.Put(second, good[second])
			}
			l, _, err := wal.Open(fs, options(8))
			if err != nil {
				continue
			}
			if got, _, _ := read(t, l); successor && !slices.Contains(got, id{7, 15}) {
				t.Fatalf("read %v: the good segment behind it is lost", got)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
