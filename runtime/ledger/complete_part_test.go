package ledger

import "testing"

func TestHowThePartStandsToItsLog(t *testing.T) {
	for name, tc := range map[string]struct {
		part Part
		want Kind
	}{
		"all is loaded": {Part{End: 9, before: 9, Loaded: 9}, ""},
		"the load went on after the log was asked":      {Part{End: 9, before: 7, Loaded: 12}, ""},
		"something waits":                               {Part{End: 9, before: 7, Loaded: 8}, NotLoaded},
		"the log ends below what had been loaded of it": {Part{End: 9, before: 12, Loaded: 12}, LogLost},
		"the log begins above the load":                 {Part{Start: 5, End: 9, before: 3, Loaded: 3}, LogLost},
	} {
		t.Run(name, func(t *testing.T) {
			tc.part.known = true
			got := Kind("")
			if f := tc.part.behind(); f != nil {
				got = f.Kind
			}
			if got != tc.want {
				t.Errorf("found %q, want %q", got, tc.want)
			}
		})
	}
}
