package tracker

import (
	"strings"
	"unicode/utf8"
)

// maxParameters bounds the parameters of one link; those behind it are ignored and reported.
const maxParameters = 64

// pair is one query parameter as it was stated, decoded.
type pair struct{ name, value string }

// query is a decoded query string of bounded size.
type query struct {
	pairs    [maxParameters]pair
	n        int
	problems problems
}

// parse reads an application/x-www-form-urlencoded query. A parameter whose escapes are broken is
// dropped and reported. Values share the memory of raw where nothing had to be decoded.
func (q *query) parse(raw string) {
	q.n, q.problems = 0, problems{}
	for raw != "" {
		var item string
		item, raw, _ = strings.Cut(raw, "&")
		if item == "" {
			continue
		}
		if q.n == maxParameters {
			q.problems.add(problemTooMany)
			return
		}
		name, value, _ := strings.Cut(item, "=")
		name, okName := unescape(name)
		value, okValue := unescape(value)
		if !okName || !okValue {
			q.problems.add(problemEncoding)
			continue
		}
		q.pairs[q.n] = pair{name, value}
		q.n++
	}
}

// first is the first value of a parameter.
func (q *query) first(name string) string {
	for i := range q.n {
		if q.pairs[i].name == name {
			return q.pairs[i].value
		}
	}
	return ""
}

// unescape decodes percent escapes and plus signs; false when an escape is broken.
func unescape(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			out = append(out, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			hi, ok1 := hexDigit(s[i+1])
			lo, ok2 := hexDigit(s[i+2])
			if !ok1 || !ok2 {
				return "", false
			}
			out = append(out, hi<<4|lo)
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out), true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// looksLikeMacro says whether a network left its own macro unexpanded: {x} ${x} #{x} [x] %%x%% __X__.
func looksLikeMacro(s string) bool {
	n := len(s)
	if n < 3 {
		return false
	}
	body := strings.TrimLeft(s[:1], "$#") + s[1:]
	switch {
	case body[0] == '{' && s[n-1] == '}', s[0] == '[' && s[n-1] == ']':
		return true
	case n > 4 && strings.HasPrefix(s, "%%") && strings.HasSuffix(s, "%%"):
		return true
	case n > 4 && strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__"):
		return strings.ToUpper(s) == s
	}
	return false
}

// usableText says whether free text may be kept as it is.
func usableText(s string, limit int) bool { return len(s) <= limit && utf8.ValidString(s) }

// clip is s as far as it fits into limit bytes, in valid UTF-8.
func clip(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ToValidUTF8(s, "") // a rune cut in half goes too
}
