package wal_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/clicktally/clicktally/runtime/journal/wal"
	"github.com/clicktally/clicktally/runtime/journal/wal/waltest"
)

func TestDataGoesWhereASyncHasBeenBefore(t *testing.T) {
	for sentence, c := range map[string]struct {
		segment int64
		records uint64
	}{
		"in segments that are prepared at once and used again": {segmentBytes, 200},
		"in a segment that is prepared in steps":               {4 << 20, 9000},
	} {
		t.Run(sentence, func(t *testing.T) {
			fs := waltest.New()
			l, _, err := wal.Open(fs, wal.Options{Boot: 7, Capacity: 4 * c.segment, SegmentBytes: c.segment})
			if err != nil {
				t.Fatal(err)
			}
			bytes := int64(0)
			for counter := range c.records {
				l.Done(put(t, l, 7, counter))
				if err := l.Trim(); err != nil {
					t.Fatal(err)
				}
				bytes += int64(len(entry(7, counter).Value))
			}
			if early := fs.WrittenEarly(); len(early) > 0 {
				t.Errorf("data was written to room of %v that was never synced", early)
			}
			if bytes < 2<<20 && c.segment > segmentBytes || bytes < 4*segmentBytes {
				t.Errorf("%d bytes are too few for this test", bytes)
			}
		})
	}
}

func TestARecordIsCertainlyNotWrittenWhenItsRoomCannotBePrepared(t *testing.T) {
	fs := waltest.New()
	l, _, err := wal.Open(fs, wal.Options{Boot: 7, Capacity: 16 << 20, SegmentBytes: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, 7, 0)
	writes := 0
	fs.Before = func(op waltest.Op) error {
		switch {
		case op.Kind == waltest.Write:
			writes++
		case op.Kind == waltest.Sync && writes > 1: // a record is one write
			return syscall.EIO
		case op.Kind == waltest.Sync:
			writes = 0
		}
		return nil
	}
	for counter := uint64(1); counter < 10_000; counter++ {
		r := record(t, entry(7, counter))
		l.Append(r)
		if r.Err == nil {
			continue
		}
		if !errors.Is(r.Err, syscall.EIO) || errors.Is(r.Err, wal.ErrUnsure) {
			t.Errorf("record %d: %v, want the disk's error and no doubt", counter, r.Err)
		}
		return
	}
	t.Error("no room was prepared")
}
