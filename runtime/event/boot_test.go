package event

import "testing"

// TestBootIDsDoNotMeet draws more ids than a fleet has boots in a year of nightly restarts. An own event
// id holds the low half of its boot's, so that half must not meet either: among 20,000 draws of 32 bits
// a meeting is likely once in twenty runs, three of them never.
func TestBootIDsDoNotMeet(t *testing.T) {
	whole, low, meetings := map[uint64]bool{}, map[uint32]bool{}, 0
	for range 20_000 {
		id := NewBootID()
		if whole[id] {
			t.Fatalf("boot id %x was drawn twice", id)
		}
		if low[uint32(id)] {
			meetings++
		}
		whole[id], low[uint32(id)] = true, true
	}
	if meetings > 2 {
		t.Errorf("the low halves of 20,000 boot ids met %d times", meetings)
	}
}
