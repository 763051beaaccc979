package store_test

import (
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

func TestOnlyARestateLetsTotalsFallAndWritesZeros(t *testing.T) {
	conn, db := database(t)
	gone := valid(1, 2)
	gone.Event.CampaignId = "gone"
	insert(t, conn, db, valid(0, 1), gone, valid(2, 3))
	compute(t, conn, db, 3)
	mark(t, conn, db)
	if err := conn.Exec(t.Context(), "ALTER TABLE "+store.Quote(db)+".events DELETE WHERE campaign_id = 'gone' SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		t.Helper()
		if err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		mark(t, conn, db)
	}
	run(store.InsertMinutes(db, epoch+1, store.MaxStated, cutAt(8)))
	if got, want := read(t, conn, db), (seen{rows: 2, valid: 3, spend: 30, offset: 3}); got != want {
		t.Errorf("a worker under a raised epoch: %+v, want what is marked, %+v", got, want)
	}
	run(store.RestateMinutes(db, epoch+1, store.MaxStated, cutAt(8)))
	if got, want := read(t, conn, db), (seen{rows: 2, valid: 2, spend: 20, offset: 8}); got != want {
		t.Errorf("a restate: %+v, want %+v, the row of what vanished a zero", got, want)
	}
	run(store.InsertMinutes(db, epoch, store.MaxStated, cutAt(9))) // a worker that did not hear of it
	if got, want := read(t, conn, db), (seen{rows: 2, valid: 2, spend: 20, offset: 8}); got != want {
		t.Errorf("after a worker of the old epoch: %+v, want %+v", got, want)
	}
}

func TestWhatARecoveryGivesUpCountsOnlyWithItsManifest(t *testing.T) {
	conn, db := database(t)
	manifest := store.Manifest{SrcPart: part, From: 0, To: 7, TopicID: [16]byte{1}, Written: time.Now()}
	lost := store.Manifest{SrcPart: part, From: 7, To: 1000, TopicID: [16]byte{2}, Written: time.Now(), Lost: true}
	recovery := store.Recovery{SrcPart: part, From: 7, To: 1000, LogOffset: 5, TopicID: [16]byte{2}, Condition: "TopicReplaced", By: "a test", Recovered: time.Now()}
	state := func() store.Loaded {
		t.Helper()
		loaded, err := store.ReadLoaded(t.Context(), conn, db, []event.SrcPart{part}, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return *loaded[part]
	}
	if err := store.InsertManifests(t.Context(), conn, db, []store.Manifest{manifest}); err != nil {
		t.Fatal(err)
	}
	if err := store.InsertRecovery(t.Context(), conn, db, recovery); err != nil {
		t.Fatal(err)
	}
	if got := state(); got.Position != 7 || got.Shift != 0 || got.Lost != 0 || got.TopicID != [16]byte{1} {
		t.Errorf("without its manifest a recovery changed something: %+v", got)
	}
	if err := store.InsertManifests(t.Context(), conn, db, []store.Manifest{lost}); err != nil {
		t.Fatal(err)
	}
	if got := state(); got.Position != 1000 || got.Shift != 995 || got.Lost != 1000 || got.TopicID != [16]byte{2} {
		t.Errorf("after a recovery: %+v", got)
	}
}
