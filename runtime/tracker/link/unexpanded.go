package link

import "strings"

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
