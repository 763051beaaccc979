package catalog

import (
	"fmt"
	"net/netip"
	"strings"
)

// Hosts is a list of host names and patterns: "www.example.com" matches itself, "*.example.org"
// matches every name below example.org and not example.org itself. The zero value matches nothing.
type Hosts struct {
	exact    map[string]struct{}
	suffixes map[string]struct{} // of patterns, without "*."
}

// ParseHosts reads a list; the error names the entry that is neither a host nor a pattern.
func ParseHosts(list []string) (Hosts, error) {
	h := Hosts{exact: map[string]struct{}{}, suffixes: map[string]struct{}{}}
	for _, entry := range list {
		name, pattern := strings.CutPrefix(normalHost(entry), "*.")
		switch {
		case !validHost(name):
			return Hosts{}, fmt.Errorf("%.64q is not a host name or a pattern like *.example.org", entry)
		case pattern:
			h.suffixes[name] = struct{}{}
		default:
			h.exact[name] = struct{}{}
		}
	}
	return h, nil
}

// Match reports whether host, without port, is on the list. Case and a final dot do not matter.
func (h Hosts) Match(host string) bool {
	host = normalHost(host)
	if _, ok := h.exact[host]; ok {
		return true
	}
	for rest := host; ; {
		label, parent, found := strings.Cut(rest, ".")
		if !found || label == "" {
			return false
		}
		if _, ok := h.suffixes[parent]; ok {
			return true
		}
		rest = parent
	}
}

// Empty reports whether the list has no entry.
func (h Hosts) Empty() bool { return len(h.exact)+len(h.suffixes) == 0 }

func normalHost(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// validHost accepts IP addresses and names of letters, digits, hyphens and underscores.
func validHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notHostRune) {
			return false
		}
	}
	return true
}

func notHostRune(r rune) bool {
	return r >= 0x80 || !unreserved(byte(r)) || r == '.' || r == '~'
}
