package agent

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/clicktally/clicktally/runtime/event"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"

func TestTheMemoryChangesNothing(t *testing.T) {
	c := NewClassifier(4)
	for range 3 {
		for _, text := range []string{chrome, "curl/8.5.0", "", "Googlebot/2.1", "okhttp/4.12.0", "Twitterbot/1.0", strings.Repeat("y", 600)} {
			if got, want := c.Classify(text), Classify(text); got != want {
				t.Errorf("%.20q is %+v remembered, %+v read", text, got, want)
			}
		}
	}
}

func TestTheMemoryKeepsACopy(t *testing.T) {
	c, buf := NewClassifier(4), []byte("curl/8.5.0")
	c.Classify(unsafe.String(&buf[0], len(buf)))
	copy(buf, "Googlebot/")
	if got := c.Classify("curl/8.5.0"); got.Class != nonBrowser {
		t.Errorf("%s after the buffer was used again, want NonBrowser", got.Class.Name())
	}
	if got := c.Classify(unsafe.String(&buf[0], len(buf))); got.Class != bot {
		t.Errorf("%s, want Bot", got.Class.Name())
	}
}

func TestARememberedAgentAllocatesNothing(t *testing.T) {
	c := NewClassifier(0)
	c.Classify(chrome)
	if allocs := testing.AllocsPerRun(1000, func() { c.Classify(chrome) }); allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}

func FuzzClassify(f *testing.F) {
	for _, text := range []string{chrome, "curl/8.5.0", "", "(((", "[;)/ /:", "http://", "Mozilla/5.0 (Android", "Android Build/;tablet", "\xff\x00bot"} {
		f.Add(text)
	}
	c := NewClassifier(64)
	f.Fuzz(func(t *testing.T, text string) {
		a := Classify(text)
		if a.Class == 0 || a.Device == 0 || a.Presents == 0 || a.Presents == botType {
			t.Fatalf("%q is %+v", text, a)
		}
		if declared := a.Class == bot || a.Class == preview; declared != (a.Device == botType) {
			t.Fatalf("%q is %+v", text, a)
		}
		if len(text) > event.MaxUserAgent && a != Classify(text[:event.MaxUserAgent]) {
			t.Fatalf("%q depends on more than its first bytes", text)
		}
		if got := c.Classify(text); got != a {
			t.Fatalf("%q is %+v remembered, %+v read", text, got, a)
		}
	})
}

func BenchmarkClassifyRemembered(b *testing.B) {
	c := NewClassifier(0)
	b.ReportAllocs()
	for b.Loop() {
		c.Classify(chrome)
	}
}

func BenchmarkClassify(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Classify(chrome)
	}
}
