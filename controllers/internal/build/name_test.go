package build

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

func TestABaseNamesEveryObjectOfItsResource(t *testing.T) {
	long := strings.Repeat("a", 60)
	for name, test := range map[string]struct {
		in   string
		kept bool
	}{
		"a short name stays":                         {"eu", true},
		"the longest that a StatefulSet can have":    {strings.Repeat("a", 52), true},
		"one more is shortened":                      {strings.Repeat("a", 53), false},
		"the longest name of all is shortened":       {strings.Repeat("a.b-", 63) + "c", false},
		"a dot is not for Services":                  {"eu.west", false},
		"nor is a digit in front":                    {"4you", false},
		"a cut in front of a dash ends in no dash":   {strings.Repeat("a", 42) + "-" + long, false},
		"a cut behind a dash keeps no two of them":   {strings.Repeat("a", 41) + "--" + long, false},
		"a name of the longest kind with a dot only": {strings.Repeat("1", 253), false},
	} {
		t.Run(name, func(t *testing.T) {
			got := Base(test.in)
			if (got == test.in) != test.kept {
				t.Errorf("%q became %q", test.in, got)
			}
			if len(got) > MaxBase {
				t.Errorf("%q has %d characters", got, len(got))
			}
			if bad := validation.IsDNS1035Label(got + "-aggregator"); len(bad) > 0 {
				t.Errorf("%q cannot name a Service: %v", got, bad)
			}
			if bad := validation.IsValidLabelValue(got); len(bad) > 0 {
				t.Errorf("%q cannot be a label: %v", got, bad)
			}
		})
	}
}

func TestShortenedNamesStayApart(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{
		strings.Repeat("a", 100) + "1", strings.Repeat("a", 100) + "2", strings.Repeat("a", 53),
		"eu.west", "eu-west", "4you", "x4you", "eu.west-1", "eu-west.1",
	} {
		base := Base(name)
		if other, ok := seen[base]; ok {
			t.Errorf("%q and %q are both %q", name, other, base)
		}
		seen[base] = name
	}
}
