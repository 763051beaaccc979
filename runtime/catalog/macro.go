package catalog

import (
	"slices"
	"strconv"
	"strings"
)

// MaxSubs is the number of free parameters sub1..sub20.
const MaxSubs = 20

// macros are the names a destination may hold in braces; sub1..sub20 come on top.
var macros = []string{
	"ad_id", "cid", "clickid", "cost", "country", "device", "externalid", "lp_id", "offer_id", "out",
	"pub_id", "source", "ts_id",
}

// KnownMacro reports whether name, without braces, is a macro of destinations.
func KnownMacro(name string) bool {
	if digits, ok := strings.CutPrefix(name, "sub"); ok {
		n, err := strconv.Atoi(digits)
		return err == nil && 1 <= n && n <= MaxSubs && strconv.Itoa(n) == digits
	}
	return slices.Contains(macros, name)
}

// place is the part of a URL a macro stands in.
type place uint8

const (
	inPath place = iota + 1
	inQuery
	inFragment
)

// appendValue appends a macro's value as place demands. Only unreserved characters stand for
// themselves, so no value can end its path segment, parameter or fragment. A value that holds a
// control character is dropped: no destination may carry one, not even encoded. In a path a value of
// dots alone is dropped too, because browsers resolve "..", and "%2e%2e" just the same.
func appendValue(dst []byte, value string, at place) []byte {
	if strings.IndexFunc(value, isControl) >= 0 {
		return dst
	}
	if at == inPath && strings.Trim(value, ".") == "" {
		return dst
	}
	return AppendEscaped(dst, value)
}

// AppendEscaped appends value with every byte percent-encoded that is not an unreserved character of
// RFC 3986; the result is safe in a path segment, a query value and a fragment.
func AppendEscaped(dst []byte, value string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(value) {
		if c := value[i]; unreserved(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

func unreserved(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '.' || c == '_' || c == '~'
}

// isControl covers C0, DEL and C1, in their one-byte and their Unicode forms.
func isControl(r rune) bool { return r < 0x20 || 0x7f <= r && r < 0xa0 }
