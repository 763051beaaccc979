package build

import (
	"strings"
	"testing"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

func TestAVersionPinsTheImage(t *testing.T) {
	const digest = "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for name, test := range map[string]struct {
		image   string
		version v1alpha1.Version
		want    string
	}{
		"no version is the operator's":        {"r.example/tracker:v0.4.0", "", "r.example/tracker:v0.4.0"},
		"a version takes the tag's place":     {"r.example/tracker:v0.4.0", "v0.3.1", "r.example/tracker:v0.3.1"},
		"a port is no tag":                    {"r.example:5000/tracker", "v0.3.1", "r.example:5000/tracker:v0.3.1"},
		"a port and a tag":                    {"r.example:5000/tracker:v0.4.0", "v0.3.1", "r.example:5000/tracker:v0.3.1"},
		"a digest is of another version":      {"r.example/tracker:v0.4.0" + digest, "v0.3.1", "r.example/tracker:v0.3.1"},
		"a digest alone":                      {"r.example/tracker" + digest, "v0.3.1", "r.example/tracker:v0.3.1"},
		"without a version the digest stays":  {"r.example/tracker" + digest, "", "r.example/tracker" + digest},
		"a name without a registry or folder": {"tracker:v0.4.0", "v0.3.1", "tracker:v0.3.1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Pinned(test.image, test.version); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestTheVersionIsALabelWhereItCanBe(t *testing.T) {
	for image, want := range map[string]string{
		"r.example/tracker:v0.4.0":                       "v0.4.0",
		"r.example:5000/tracker":                         "",
		"tracker@sha256:aaaa":                            "",
		"tracker:v0.4.0@sha256:aaaa":                     "v0.4.0",
		"tracker:_hidden":                                "",
		"tracker:ends-in-dash-":                          "",
		"tracker:" + strings.Repeat("a", 63):             strings.Repeat("a", 63),
		"tracker:" + strings.Repeat("a", 64):             "",
		"tracker:v0.4.0-12-gdeadbeef.dirty_of-somebody1": "v0.4.0-12-gdeadbeef.dirty_of-somebody1",
	} {
		if got := versionLabel(image); got != want {
			t.Errorf("%s: got %q, want %q", image, got, want)
		}
	}
}
