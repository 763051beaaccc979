package link

import "testing"

func TestLooksLikeMacro(t *testing.T) {
	for text, want := range map[string]bool{
		"{click_id}": true, "${SUBID}": true, "#{x}": true, "[CLICK]": true, "%%CLICK%%": true, "__CALLBACK__": true, "{{site_source_name}}": true,
		"abc": false, "": false, "{": false, "a{b}": false, "__init__": false, "[": false, "%%": false, "$1": false,
	} {
		if got := looksLikeMacro(text); got != want {
			t.Errorf("looksLikeMacro(%q) = %v", text, got)
		}
	}
}
