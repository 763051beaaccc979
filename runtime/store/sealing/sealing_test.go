package sealing

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnOutcomeComesBackAsItWas(t *testing.T) {
	want := Outcome{
		SealedPeriods: 3, LastRevision: "2026-10@Europe/Berlin-1", LastSealTime: time.Date(2026, 11, 3, 1, 2, 3, 0, time.UTC),
		Created: []string{"2026-10@Europe/Berlin-1"}, Refused: "2026-09@Europe/Berlin", RefusedPeriods: 1,
		Why: "NotLoaded: partition 3 of generation 1 has log that is not loaded",
	}
	text, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(string(text))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// Kubernetes cuts a longer message off, and half of a JSON text is none.
func TestTheLongestOutcomeFits(t *testing.T) {
	for name, filling := range map[string]string{
		"quotes": `"`, "what HTML escapes": "<", "control characters": "\x01", "letters of several bytes": "é", "half a letter": "\xc3",
	} {
		t.Run(name, func(t *testing.T) {
			o := Outcome{SealedPeriods: 1 << 30, RefusedPeriods: 1 << 30, Why: strings.Repeat(filling, 5000), Error: strings.Repeat(filling, 5000)}
			longest := "2026-10-31@" + strings.Repeat("z", 40) + "-4000000000"
			for range 100 {
				o.Created = append(o.Created, longest)
			}
			o.LastRevision, o.Refused, o.Expired, o.LastSealTime = longest, longest, longest, time.Now()
			text, err := o.Encode()
			if err != nil || len(text) > MaxBytes {
				t.Fatalf("%d bytes, %v", len(text), err)
			}
			got, err := Parse(string(text))
			if err != nil || got.Refused != longest || len(got.Created) == 0 || len(got.Created) > 100 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestWhatIsNoOutcomeIsSaidSo(t *testing.T) {
	for _, text := range []string{"", "panic: runtime error", `{"sealedPeriods":`} {
		if o, err := Parse(text); err == nil {
			t.Errorf("%q is %+v", text, o)
		}
	}
}
