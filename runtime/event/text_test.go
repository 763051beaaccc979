package event

import (
	"strings"
	"testing"
)

func TestClip(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"short":                     {"abc", 3, "abc"},
		"long":                      {"abcd", 3, "abc"},
		"a rune on the edge":        {"ab\u00e9", 3, "ab"},
		"not UTF-8":                 {"a\xffb", 9, "ab"},
		"nothing but continuations": {strings.Repeat("\x80", 9), 3, ""},
		"a rune that just fits":     {"a\u00e9", 3, "a\u00e9"},
	} {
		if got := Clip(tc.in, tc.limit); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
