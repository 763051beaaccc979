// Package intern numbers texts without holding a pointer for each.
package intern

import (
	"hash/maphash"
	"unsafe"
)

// Table numbers the texts it meets, from 0. It is an open-addressed table over one array of bytes: a
// look-up allocates nothing, and the garbage collector has nothing to follow. The zero value is empty.
// Not for concurrent use.
type Table struct {
	slots []slot // a power of two, at most three quarters used
	texts []text
	bytes []byte
}

// slot is free while number is 0; it holds the text of number-1.
type slot struct{ hash, number uint32 }

type text struct{ start, size uint32 }

const firstSlots = 16

var seed = maphash.MakeSeed()

// Find returns the number of s, and whether it has one.
func (t *Table) Find(s string) (number uint32, known bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	at := t.place(s, hashOf(s))
	return t.slots[at].number - 1, t.slots[at].number != 0
}

// Number returns the number of s, a new one when it has none; added says so. It keeps a copy.
func (t *Table) Number(s string) (number uint32, added bool) {
	if 4*len(t.texts) >= 3*len(t.slots) {
		t.grow()
	}
	hash := hashOf(s)
	at := t.place(s, hash)
	if t.slots[at].number == 0 {
		t.texts = append(t.texts, text{start: uint32(len(t.bytes)), size: uint32(len(s))})
		t.bytes = append(t.bytes, s...)
		t.slots[at] = slot{hash: hash, number: uint32(len(t.texts))}
		added = true
	}
	return t.slots[at].number - 1, added
}

// Text is the text of a number. It stays as it is until Reset, because bytes are only ever appended.
func (t *Table) Text(number uint32) string {
	held := t.texts[number]
	if held.size == 0 {
		return ""
	}
	return unsafe.String(&t.bytes[held.start], held.size)
}

// Len is how many texts have a number.
func (t *Table) Len() int { return len(t.texts) }

// Reset forgets all texts and keeps the memory. Texts that were handed out are no longer valid.
func (t *Table) Reset() {
	clear(t.slots)
	t.texts, t.bytes = t.texts[:0], t.bytes[:0]
}

// place is the slot of s, or the free one where it belongs.
func (t *Table) place(s string, hash uint32) uint32 {
	mask := uint32(len(t.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		held := t.slots[at]
		if held.number == 0 || held.hash == hash && t.Text(held.number-1) == s {
			return at
		}
	}
}

func (t *Table) grow() {
	old := t.slots
	t.slots = make([]slot, max(firstSlots, 2*len(old)))
	mask := uint32(len(t.slots) - 1)
	for _, held := range old {
		if held.number == 0 {
			continue
		}
		at := held.hash & mask
		for t.slots[at].number != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = held
	}
}

func hashOf(s string) uint32 { return uint32(maphash.String(seed, s)) }
