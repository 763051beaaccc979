package link

import (
	"strings"
	"unicode/utf8"
)

// ValidText reports whether free text may be kept as it is: UTF-8 of at most limit bytes.
func ValidText(s string, limit int) bool { return len(s) <= limit && utf8.ValidString(s) }

// looksLikeMacro says whether a network left its own macro unexpanded: {x} ${x} #{x} [x] %%x%% __X__.
func looksLikeMacro(s string) bool {
	switch {
	case enclosed(s, "{", "}"), enclosed(s, "${", "}"), enclosed(s, "#{", "}"), enclosed(s, "[", "]"), enclosed(s, "%%", "%%"):
		return true
	}
	return enclosed(s, "__", "__") && strings.ToUpper(s) == s
}

func enclosed(s, open, end string) bool {
	return len(s) > len(open)+len(end) && strings.HasPrefix(s, open) && strings.HasSuffix(s, end)
}
