package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

func TestAWorkerStartsAtTheEndOfTheContiguousRunOfManifests(t *testing.T) {
	conn, db := database(t)
	early, late := minute.Unix(), minute.Unix()+60
	at := func(from, to uint64, minutes ...int64) store.Manifest {
		return store.Manifest{SrcPart: part, From: from, To: to, TopicID: [16]byte{5}, Minutes: minutes, Written: time.Now()}
	}
	tests := []struct {
		what  string
		write store.Manifest
		want  store.Loaded
	}{
		{"a run that does not begin at 0 is none", at(4, 9, late), store.Loaded{LiveFrom: 0, Dirty: map[int64]uint64{}}},
		{"the first of the run", at(0, 3, early), store.Loaded{Position: 3, LiveFrom: 3, Dirty: map[int64]uint64{early: 3}}},
		{"another writer's, overlapping", at(2, 3, early), store.Loaded{Position: 3, LiveFrom: 3, Dirty: map[int64]uint64{early: 3}}},
		{"the gap is closed", at(1, 4, early, late), store.Loaded{Position: 9, LiveFrom: 1, Dirty: map[int64]uint64{early: 4, late: 9}}},
		{"inside another", at(5, 6, late), store.Loaded{Position: 9, LiveFrom: 1, Dirty: map[int64]uint64{early: 4, late: 9}}},
	}
	for _, test := range tests {
		if err := store.InsertManifests(t.Context(), conn, db, []store.Manifest{test.write}); err != nil {
			t.Fatal(err)
		}
		got, err := store.ReadLoaded(t.Context(), conn, db, []event.SrcPart{part, part + 1}, late, early)
		if err != nil {
			t.Fatal(err)
		}
		test.want.TopicID, test.want.CompleteUntil = [16]byte{5}, time.Unix(0, 0).UTC()
		if diff := cmp.Diff(&test.want, got[part]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
		if other := got[part+1]; other.Position != 0 || len(other.Dirty) != 0 {
			t.Errorf("%s: the partition beside it got %+v", test.what, other)
		}
	}
}

func TestAMinuteIsCleanAtTheCutOfItsMark(t *testing.T) {
	conn, db := database(t)
	insert(t, conn, db, valid(0, 1), valid(1, 2))
	manifest := store.Manifest{SrcPart: part, From: 0, To: 2, Minutes: []int64{minute.Unix()}, Written: time.Now()}
	if err := store.InsertManifests(t.Context(), conn, db, []store.Manifest{manifest}); err != nil {
		t.Fatal(err)
	}
	dirty := func() int {
		state, err := store.ReadLoaded(t.Context(), conn, db, []event.SrcPart{part}, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(state[part].Dirty)
	}
	compute(t, conn, db, 1)
	mark(t, conn, db)
	if dirty() != 1 {
		t.Error("a mark below the manifest's end made the minute clean")
	}
	compute(t, conn, db, 2)
	mark(t, conn, db)
	if dirty() != 0 {
		t.Error("a mark at the manifest's end left the minute dirty")
	}
}

func TestCompleteUntilNeverGoesBack(t *testing.T) {
	conn, db := database(t)
	until := minute.UTC()
	report := func(until time.Time, dirty uint64) {
		t.Helper()
		p := store.Progress{SrcPart: part, CompleteUntil: until, Dirty: dirty, Written: time.Now()}
		if err := store.InsertProgress(t.Context(), conn, db, []store.Progress{p}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, wantDirty uint64) {
		t.Helper()
		var got time.Time
		var dirty uint64
		if err := conn.QueryRow(t.Context(), store.CompleteUntil(db, part.Generation(), 1)).Scan(&got, &dirty); err != nil {
			t.Fatal(err)
		}
		if !got.Equal(until) || dirty != wantDirty {
			t.Errorf("%s: complete until %v with %d dirty, want %v with %d", what, got, dirty, until, wantDirty)
		}
	}
	report(until, 0)
	report(until, 3)
	expect("something came late", 3)
	report(until.Add(-time.Hour), 9)
	expect("a worker that was paused while another took over reports last", 3)
	if err := conn.Exec(t.Context(), "OPTIMIZE TABLE "+store.Quote(db)+".progress FINAL"); err != nil {
		t.Fatal(err)
	}
	expect("after a merge", 3)
}
