package store_test

import (
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

// A worker that has not heard of a raised epoch writes a key that the new epoch's rows, not marked yet, do not
// have: they were computed at a lower cut.
func TestAReaderTakesOneVersionOfAMinute(t *testing.T) {
	conn, db := database(t)
	compute := func(epoch uint16, cut uint64) {
		t.Helper()
		if err := conn.Exec(t.Context(), store.InsertMinutes(db, epoch, store.MaxStated, cutAt(cut))); err != nil {
			t.Fatal(err)
		}
	}
	clicks := func() (n uint64) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT sum(clicks_valid) FROM "+store.MinutesAtMarks(db, time.Time{}, time.Time{})).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	mark := func() {
		t.Helper()
		if err := conn.Exec(t.Context(), store.InsertMarks(db, time.Now(), cutAt(0))); err != nil {
			t.Fatal(err)
		}
	}
	other := valid(1, 1)
	other.Event.AdId = "b"
	insert(t, conn, db, valid(0, 0), other)
	compute(1, 1)
	mark()
	compute(2, 1)
	compute(1, 2)
	if got := clicks(); got != 1 {
		t.Errorf("before the mark a reader sees %d clicks, want the 1 below the cut of epoch 2", got)
	}
	mark()
	if got := clicks(); got != 1 {
		t.Errorf("a reader sees %d clicks, want the 1 below the cut of epoch 2", got)
	}
	compute(2, 2)
	mark()
	if got := clicks(); got != 2 {
		t.Errorf("a reader sees %d clicks of the whole log, want 2", got)
	}
}
