package intern

import (
	"fmt"
	"testing"
)

func TestATextKeepsItsNumberWhileTheTableGrows(t *testing.T) {
	var table Table
	if _, known := table.Find("a"); known {
		t.Error("an empty table knows a text")
	}
	const n = 10_000
	name := func(i int) string {
		if i == 7 {
			return ""
		}
		return fmt.Sprint("ad-", i)
	}
	for i := range n {
		if number, added := table.Number(name(i)); number != uint32(i) || !added {
			t.Fatalf("%q got %d, new: %t; want %d, new", name(i), number, added, i)
		}
	}
	first := table.Text(1)
	for i := range n {
		number, added := table.Number(name(i))
		found, known := table.Find(name(i))
		if number != uint32(i) || added || found != number || !known || table.Text(number) != name(i) {
			t.Fatalf("%q has %d (new: %t, text %q), found as %d (%t)", name(i), number, added, table.Text(number), found, known)
		}
	}
	if first != "ad-1" || table.Len() != n {
		t.Errorf("a text that was handed out is now %q, and %d texts are known", first, table.Len())
	}
	table.Reset()
	if _, known := table.Find("ad-1"); known || table.Len() != 0 {
		t.Error("a table remembers after Reset")
	}
	if number, added := table.Number("x"); number != 0 || !added {
		t.Errorf("the first text after Reset has %d, new: %t", number, added)
	}
}

func TestATableKeepsCopies(t *testing.T) {
	var table Table
	b := []byte("ad-1")
	table.Number(string(b))
	b[3] = '2'
	if table.Text(0) != "ad-1" {
		t.Errorf("the text became %q with its caller's bytes", table.Text(0))
	}
}
