package evaluate

import (
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/redirect"
)

// Bounds of what is handed on, as trackers keep them.
const (
	maxPass      = 16
	maxPassValue = 512 // bytes
)

// networkIDs are click ids of advertising networks, which go on to the destination, as utm_* does.
var networkIDs = []string{
	"gclid", "gbraid", "wbraid", "dclid", "gclsrc", "gad_source", "gad_campaignid",
	"fbclid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "epik", "rdt_cid", "sccid", "srsltid", "tblci", "obclid",
}

// handOn keeps a parameter that is not ours and that tools behind us read.
func (l *link) handOn(p parameter) {
	_, usable := text(p.value, maxPassValue)
	known := slices.ContainsFunc(l.pass, func(other parameter) bool { return other.name == p.name })
	if passesThrough(p.name) && usable && !known && len(l.pass) < maxPass {
		l.pass = append(l.pass, p)
	}
}

func passesThrough(name string) bool {
	rest, utm := strings.CutPrefix(name, "utm_")
	if !utm {
		return slices.Contains(networkIDs, name)
	}
	return rest != "" && len(rest) <= 32 && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// appendPass adds the parameters that a URL does not state itself, in front of its fragment.
func appendPass(url string, pass []parameter) string {
	url, fragment, hasFragment := strings.Cut(url, "#")
	if hasFragment {
		fragment = "#" + fragment
	}
	for _, p := range pass {
		_, query, hasQuery := strings.Cut(url, "?")
		if states(query, p.name) {
			continue
		}
		separator := "&"
		switch {
		case !hasQuery:
			separator = "?"
		case query == "" || strings.HasSuffix(query, "&"):
			separator = ""
		}
		grown := url + separator + p.name + "=" + string(catalog.AppendEscaped(nil, p.value))
		if len(grown)+len(fragment) > redirect.MaxDestination {
			break
		}
		url = grown
	}
	return url + fragment
}

func states(query, name string) bool {
	for item := range strings.SplitSeq(query, "&") {
		if key, _, _ := strings.Cut(item, "="); key == name {
			return true
		}
	}
	return false
}
