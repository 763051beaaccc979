package event

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestAnIDGivesBackWhatItWasMadeOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(1, 1<<48-1).Draw(t, "ms")
		partition := rapid.Uint32Range(0, MaxPartitions-1).Draw(t, "partition")
		boot := rapid.Uint64().Draw(t, "boot")
		counter := rapid.Uint32Range(0, MaxCounter).Draw(t, "counter")
		id := NewID(ms, partition, boot, counter)
		if id.Time() != ms || id.Partition() != partition || id.Counter() != counter || id.BootLow() != uint32(boot) {
			t.Fatalf("%s: got time %d partition %d counter %d boot %x", id, id.Time(), id.Partition(), id.Counter(), id.BootLow())
		}
		back, err := ParseID(id.String())
		if err != nil || back != id {
			t.Fatalf("parse %s: %s, %v", id, back, err)
		}
	})
}

func TestAnIDIsAUUIDOfVersion8(t *testing.T) {
	// 2026-11-22T10:00:00Z is 1795341600000 ms = 0x01a202b2c500.
	got := NewID(1795341600000, 0xabc, 0x1111111122222222, 5).String()
	// low half: variant 10, boot 0x22222222, counter 5: 10 00100010...0010 | 000...101
	want := "01a202b2-c500-8abc-8888-888880000005"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTextThatIsNoIDIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           "",
		"another version": "01a202b2-c500-4abc-8888-888880000005",
		"another variant": "01a202b2-c500-8abc-0888-888880000005",
		"no dashes":       "01a202b2c5008abc8888888880000005",
		"not hex":         "01a202b2-c500-8abc-8888-88888000000g",
	} {
		if _, err := ParseID(text); err == nil {
			t.Errorf("%s: %q was taken", name, text)
		}
	}
}

func TestSrcPartHoldsGenerationAndPartition(t *testing.T) {
	s := NewSrcPart(3, 4095)
	if s != 3<<16|4095 || s.Generation() != 3 || s.Partition() != 4095 {
		t.Errorf("got %d: generation %d, partition %d", s, s.Generation(), s.Partition())
	}
}

func TestPublicClickIDs(t *testing.T) {
	oldKey, newKey := []byte("old key of 16 bytes or more"), []byte("new key of 16 bytes or more")
	before, err := NewSigner(oldKey)
	if err != nil {
		t.Fatal(err)
	}
	after, err := NewSigner(newKey, oldKey)
	if err != nil {
		t.Fatal(err)
	}
	id := NewID(1795341600000, 1, 2, 3)
	public := before.Public(id)
	if len(public) != 32 {
		t.Errorf("%q has %d characters, want 32", public, len(public))
	}
	if got, err := after.Parse(public); err != nil || got != id {
		t.Errorf("a rotated key no longer verifies: %s, %v", got, err)
	}
	if _, err := before.Parse(after.Public(id)); !errors.Is(err, ErrBadMAC) {
		t.Errorf("a foreign key's id: got %v, want ErrBadMAC", err)
	}
	for i := range len(public) {
		forged := []byte(public)
		forged[i] ^= 1 // still base64url for most characters; never the same id and MAC
		if _, err := before.Parse(string(forged)); err == nil {
			t.Errorf("character %d changed and the id still verifies", i)
		}
	}
	if got, ok := UnverifiedID(public); !ok || got != id {
		t.Errorf("unverified: got %s, %v", got, ok)
	}
	if _, err := NewSigner([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

func FuzzClickID(f *testing.F) {
	signer, err := NewSigner([]byte("a key of sixteen bytes"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signer.Public(NewID(1, 2, 3, 4)))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := signer.Parse(text)
		if err == nil && signer.Public(id) != text {
			t.Errorf("%q verifies and is not what we would hand out", text)
		}
	})
}
