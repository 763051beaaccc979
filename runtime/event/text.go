package event

import (
	"strings"
	"unicode/utf8"
)

// ValidText reports whether free text may be kept as it is: UTF-8 of at most limit bytes.
func ValidText(s string, limit int) bool { return len(s) <= limit && utf8.ValidString(s) }

// Clip returns s as far as it fits into limit bytes, in valid UTF-8.
func Clip(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ToValidUTF8(s, "") // a rune cut in half goes too
}
