package wal_test

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/clicktally/clicktally/runtime/journal/wal"
	"github.com/clicktally/clicktally/runtime/journal/wal/waltest"
)

func TestWhatWasAppendedIsReadInOrderAfterACrash(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	var want []id
	for counter := range uint64(60) { // over several segments
		put(t, l, 7, counter)
		want = append(want, id{7, counter})
	}
	l, found := open(t, crashed(fs, 1), 8)
	got, _, damage := read(t, l)
	if !slices.Equal(got, want) || len(damage)+len(found.Damage) > 0 {
		t.Fatalf("read %v, damage %v %v, want all 60 in order", got, damage, found.Damage)
	}
	for part := range uint32(4) {
		if tally := found.Waiting[wal.Origin{Boot: 7, SrcPart: 3<<16 | part}]; tally.Entries != 15 || tally.Next != uint64(57+part) {
			t.Errorf("partition %d: %+v, want 15 entries up to counter %d", part, tally, 56+part)
		}
	}
	if s := l.Stats(); s.Waiting != 60 || s.Bytes <= 0 || s.Bytes > s.Capacity {
		t.Errorf("stats %+v", s)
	}
}

func TestABatchIsOneRecord(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	put(t, l, 7, 0)
	writes := 0
	fs.Before = func(op waltest.Op) error {
		if op.Kind == waltest.Sync {
			writes++
			return waltest.ErrCrashed // the batch is written, and not synced
		}
		return nil
	}
	batch := record(t, entry(7, 1), entry(7, 2), entry(7, 3))
	l.Append(batch)
	if batch.Err == nil || writes != 1 {
		t.Fatalf("%v after %d syncs, want one that failed", batch.Err, writes)
	}
	all := 0
	for seed := range uint64(200) {
		l, _ := open(t, crashed(fs, seed), 8)
		switch got, _, _ := read(t, l); len(got) {
		case 1:
		case 4:
			all++
		default:
			t.Fatalf("read %v: a part of a batch", got)
		}
	}
	if all == 0 || all == 200 {
		t.Errorf("the batch survived %d of 200 crashes: the test met only one case", all)
	}
}

func TestWhatIsDoneIsNotShippedAgain(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	for counter := range uint64(40) {
		l.Done(put(t, l, 7, counter))
	}
	open40 := put(t, l, 7, 40) // carries the mark
	l2, _ := open(t, crashed(fs, 3), 8)
	got, refs, _ := read(t, l2)
	if !slices.Equal(got, []id{{7, 40}}) || refs[got[0]] != open40 {
		t.Fatalf("read %v, want only what was not done", got)
	}
	l2.Done(refs[id{7, 40}])
	if err := l2.Trim(); err != nil {
		t.Fatal(err)
	}
	if s := l2.Stats(); s.Waiting != 0 || s.Bytes != 0 || s.Segments != 0 {
		t.Errorf("stats %+v: nothing is left", s)
	}
}

func TestAQuietSegmentIsLeftSoThatACrashShipsNothingAgain(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	l.Done(put(t, l, 7, 0))
	for range 2 { // the first one finds it just written
		if err := l.Trim(); err != nil {
			t.Fatal(err)
		}
	}
	put(t, l, 7, 1) // syncs the directory no more than it must
	l, _ = open(t, crashed(fs, 3), 8)
	if got, _, _ := read(t, l); !slices.Equal(got, []id{{7, 1}}) {
		t.Fatalf("read %v, want only counter 1", got)
	}
}

func TestAFullJournalTakesMoreOnceSomethingIsShipped(t *testing.T) {
	l, _ := open(t, waltest.New(), 7)
	counter := uint64(0)
	var refs []wal.Ref
	for {
		r := record(t, entry(7, counter))
		if l.Append(r); r.Err != nil {
			if !errors.Is(r.Err, wal.ErrFull) || errors.Is(r.Err, wal.ErrUnsure) {
				t.Fatalf("got %v, want ErrFull and no doubt", r.Err)
			}
			break
		}
		refs = append(refs, r.Ref)
		counter++
	}
	if s := l.Stats(); s.Segments != capacity/segmentBytes || s.Bytes < s.Capacity/3 {
		t.Errorf("full with %+v", s)
	}
	for _, ref := range refs[:len(refs)/2] {
		l.Done(ref)
	}
	for range refs[:len(refs)/3] {
		put(t, l, 7, counter)
		counter++
	}
}

func TestAFullDiskIsAFullJournalAndEndsWithTheDiskHavingRoom(t *testing.T) {
	fs := waltest.New()
	fs.Room = 2*segmentBytes + 100
	l, _ := open(t, fs, 7)
	for counter := uint64(0); ; counter++ {
		r := record(t, entry(7, counter))
		if l.Append(r); r.Err != nil {
			if !errors.Is(r.Err, wal.ErrFull) || !errors.Is(r.Err, syscall.ENOSPC) || errors.Is(r.Err, wal.ErrUnsure) {
				t.Fatalf("got %v, want ErrFull because of ENOSPC", r.Err)
			}
			break
		}
	}
	fs.Room = 0
	put(t, l, 7, 1000)
}

func TestAfterAFailedSyncTheRecordsAreInANewSegmentOnce(t *testing.T) {
	for name, kind := range map[string]waltest.Kind{"sync": waltest.Sync, "write": waltest.Write} {
		t.Run(name, func(t *testing.T) {
			fs := waltest.New()
			l, _ := open(t, fs, 7)
			put(t, l, 7, 0)
			failed := false
			fs.Before = func(op waltest.Op) error {
				if op.Kind == kind && !failed {
					failed = true
					return syscall.EIO
				}
				return nil
			}
			put(t, l, 7, 1)
			put(t, l, 7, 2)
			if s := l.Stats(); s.Abandoned != 1 || s.Segments != 2 {
				t.Fatalf("stats %+v, want one segment abandoned", s)
			}
			want := []id{{7, 0}, {7, 1}, {7, 2}}
			if got, _, _ := read(t, l); !slices.Equal(got, want) {
				t.Fatalf("read %v, want %v", got, want)
			}
			for seed := range uint64(50) {
				l, _ := open(t, crashed(fs, seed), 8)
				if got, _, damage := read(t, l); !slices.Equal(got, want) || len(damage) > 0 {
					t.Fatalf("after a crash read %v, damage %v, want %v", got, damage, want)
				}
			}
		})
	}
}

func TestADiskThatNeverSyncsIsSaidToBeUnsure(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	put(t, l, 7, 0)
	fs.Before = func(op waltest.Op) error {
		if op.Kind == waltest.Sync {
			return syscall.EIO
		}
		return nil
	}
	r := record(t, entry(7, 1))
	if l.Append(r); !errors.Is(r.Err, wal.ErrUnsure) || !errors.Is(r.Err, syscall.EIO) {
		t.Fatalf("got %v, want ErrUnsure", r.Err)
	}
	later := record(t, entry(7, 2))
	if l.Append(later); later.Err == nil || errors.Is(later.Err, wal.ErrUnsure) {
		t.Fatalf("got %v: this one never reached a file", later.Err)
	}
	fs.Before = nil
	put(t, l, 7, 3)
	l, _ = open(t, crashed(fs, 5), 8)
	if got, _, _ := read(t, l); !slices.Equal(got, []id{{7, 0}, {7, 3}}) {
		t.Fatalf("read %v, want what was promised", got)
	}
}

func TestARecycledSegmentGivesNothingOfItsEarlierLife(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	recycled := false
	fs.Before = func(op waltest.Op) error {
		recycled = recycled || op.Kind == waltest.Rename && strings.HasSuffix(op.Name, ".segment")
		return nil
	}
	counter := uint64(0)
	for ; counter < 60; counter++ {
		l.Done(put(t, l, 7, counter))
		if err := l.Trim(); err != nil {
			t.Fatal(err)
		}
	}
	if !recycled {
		t.Fatal("no segment was recycled")
	}
	put(t, l, 7, counter)
	l, _ = open(t, crashed(fs, 1), 7) // even under the same boot id
	if got, _, _ := read(t, l); !slices.Equal(got, []id{{7, counter}}) {
		t.Fatalf("read %v, want only counter %d", got, counter)
	}
}

// A segment that got its name and could not be made sure of says where its predecessor ends: nothing
// may be appended there any more.
func TestNothingIsAppendedBehindWhatASuccessorCallsTheEnd(t *testing.T) {
	fs := waltest.New()
	l, _ := open(t, fs, 7)
	put(t, l, 7, 0)
	fs.Before = func(op waltest.Op) error {
		if op.Kind == waltest.SyncDir || op.Kind == waltest.Remove {
			return syscall.EIO
		}
		return nil
	}
	large := record(t, wal.Entry{Boot: 7, Topic: topic, Value: make([]byte, 4000)})
	if l.Append(large); large.Err == nil {
		t.Fatal("a segment was begun although the directory could not be synced")
	}
	fs.Before = nil
	put(t, l, 7, 1)
	for seed := range uint64(20) {
		l, _ := open(t, crashed(fs, seed), 8)
		if got, _, _ := read(t, l); !slices.Equal(got, []id{{7, 0}, {7, 1}}) {
			t.Fatalf("read %v, want both", got)
		}
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	l, _ := open(t, waltest.New(), 7)
	large := record(t, wal.Entry{Boot: 7, Topic: topic, Value: make([]byte, segmentBytes)})
	fine := record(t, entry(7, 1))
	if l.Append(large, fine); !errors.Is(large.Err, wal.ErrTooLarge) || fine.Err != nil {
		t.Errorf("too large: %v, and the one behind it: %v", large.Err, fine.Err)
	}
	if err := (&wal.Record{}).Add(&wal.Entry{Topic: strings.Repeat("t", 256)}); err == nil {
		t.Error("a topic of 256 bytes was taken")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	late := record(t, entry(7, 2))
	if l.Append(late); !errors.Is(late.Err, wal.ErrClosed) {
		t.Errorf("closed: %v", late.Err)
	}
	for name, o := range map[string]wal.Options{
		"no boot id":             {},
		"less than 4 segments":   {Boot: 1, Capacity: 100, SegmentBytes: segmentBytes},
		"segments without room":  {Boot: 1, SegmentBytes: 4096},
		"capacity below minimum": {Boot: 1, Capacity: 1000},
	} {
		if _, _, err := wal.Open(waltest.New(), o); err == nil {
			t.Errorf("opened with %s", name)
		}
	}
}
