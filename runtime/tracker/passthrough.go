package tracker

import (
	"bytes"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/redirect"
)

// maxPassValue bounds one parameter that is handed on, in bytes.
const maxPassValue = 512

// networkIDs are click ids of advertising networks, which their own tags on the destination read.
var networkIDs = [...]string{
	"gclid", "gbraid", "wbraid", "dclid", "gclsrc", "gad_source", "gad_campaignid",
	"fbclid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "epik", "rdt_cid", "sccid", "srsltid", "tblci", "obclid",
}

// passesThrough says whether a parameter goes on to the destination unread: network click ids and utm_*.
func passesThrough(name string) bool {
	if rest, ok := strings.CutPrefix(name, "utm_"); ok {
		return rest != "" && len(rest) <= 32 && plainName(rest)
	}
	for _, id := range networkIDs {
		if name == id {
			return true
		}
	}
	return false
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
func appendPass(dst []byte, from int, pass []pair) []byte {
	url, fragment, hasFragment := bytes.Cut(dst[from:], []byte{'#'})
	tail := ""
	if hasFragment {
		tail = "#" + string(fragment)
	}
	grown := dst[:from+len(url)]
	for i := range pass {
		before, query, _ := bytes.Cut(grown[from:], []byte{'?'})
		if states(query, pass[i].name) {
			continue
		}
		mark := len(grown)
		switch {
		case len(before) == len(grown)-from:
			grown = append(grown, '?')
		case len(query) > 0 && query[len(query)-1] != '&':
			grown = append(grown, '&')
		}
		grown = append(append(grown, pass[i].name...), '=')
		grown = catalog.AppendEscaped(grown, pass[i].value)
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
