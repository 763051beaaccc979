package link

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/redirect"
)

// Bounds of what is handed on to the destination.
const (
	maxPass      = 16  // parameters
	maxPassValue = 512 // bytes of one
)

// networkIDs are click ids of advertising networks, which their own tags on the destination read.
var networkIDs = [...]string{
	"gclid", "gbraid", "wbraid", "dclid", "gclsrc", "gad_source", "gad_campaignid",
	"fbclid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "epik", "rdt_cid", "sccid", "srsltid", "tblci", "obclid",
}

// handOn keeps a parameter that is not ours and that advertising tools behind us read. Like a macro's
// value, it must hold no control character: a destination carries none, not even encoded.
func (l *Link) handOn(p *parameter) {
	if l.npass == maxPass || !passesThrough(p.name) || !event.ValidText(p.value, maxPassValue) ||
		strings.ContainsFunc(p.value, unicode.IsControl) {
		return
	}
	for i := range l.npass {
		if l.pass[i].name == p.name {
			return
		}
	}
	l.pass[l.npass] = *p
	l.npass++
}

// passesThrough says whether a parameter goes on to the destination unread: network click ids and utm_*.
func passesThrough(name string) bool {
	if rest, ok := strings.CutPrefix(name, "utm_"); ok {
		return rest != "" && len(rest) <= 32 && plainName(rest)
	}
	return slices.Contains(networkIDs[:], name)
}

func plainName(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// appendPass adds the parameters that the URL behind from does not state itself, before its
// fragment. A URL that would grow beyond redirect.MaxDestination stays as it is.
func (l *Link) appendPass(dst []byte, from int) []byte {
	url, fragment, hasFragment := bytes.Cut(dst[from:], []byte{'#'})
	tail := ""
	if hasFragment {
		tail = "#" + string(fragment)
	}
	grown := dst[:from+len(url)]
	for i := range l.npass {
		p := &l.pass[i]
		before, query, _ := bytes.Cut(grown[from:], []byte{'?'})
		if states(query, p.name) {
			continue
		}
		mark := len(grown)
		switch {
		case len(before) == len(grown)-from:
			grown = append(grown, '?')
		case len(query) > 0 && query[len(query)-1] != '&':
			grown = append(grown, '&')
		}
		grown = append(append(grown, p.name...), '=')
		grown = catalog.AppendEscaped(grown, p.value)
		if len(grown)-from+len(tail) > redirect.MaxDestination {
			grown = grown[:mark]
			break
		}
	}
	return append(grown, tail...)
}

// states says whether a query holds the parameter; name is plain and needs no decoding.
func states(query []byte, name string) bool {
	for len(query) > 0 {
		var item []byte
		item, query, _ = bytes.Cut(query, []byte{'&'})
		key, _, _ := bytes.Cut(item, []byte{'='})
		if string(key) == name {
			return true
		}
	}
	return false
}
