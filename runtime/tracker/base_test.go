package tracker

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

func TestLinksLeadBackToWhereTheTrackerWasReached(t *testing.T) {
	v := &view{
		tracker: &catalog.Tracker{Tracker: &catalogpb.Tracker{Domains: []string{"t.example.com", "127.0.0.1"}}},
		domains: map[string]bool{"t.example.com": true, "go.example.net": true, "127.0.0.1": true},
	}
	for name, c := range map[string]struct{ host, want string }{
		"a domain of its own":               {"Go.example.net", "https://go.example.net"},
		"a domain of its own behind a port": {"go.example.net:8443", "https://go.example.net"},
		"a stranger's name":                 {"evil.example", "https://t.example.com"},
		"a laptop":                          {"127.0.0.1:8080", "http://127.0.0.1:8080"},
		"a laptop by name":                  {"localhost:8080", "http://localhost:8080"},
	} {
		if got := v.base(c.host); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
