package redirect

import (
	"bytes"

	"github.com/clicktally/clicktally/runtime/catalog"
)

// MaxDestination bounds an expanded URL in bytes: what servers take for a request line.
const MaxDestination = 8192

// AppendURL appends the destination with its macros expanded, and click_id added in state Test.
// values gets the names of macros without braces; {clickid} is clickID, our public click id, and is
// not asked for. The result is never empty and keeps scheme and host of the template, whatever the
// values are. One that would be longer than MaxDestination keeps {clickid} as its only value, or
// none.
func (d *Decision) AppendURL(dst []byte, clickID string, values func(macro string) (string, bool)) []byte {
	n := len(dst)
	all := func(macro string) (string, bool) {
		if macro == "clickid" {
			return clickID, clickID != ""
		}
		return values(macro)
	}
	if dst = d.expand(dst, clickID, all); len(dst)-n <= MaxDestination {
		return dst
	}
	own := func(macro string) (string, bool) { return clickID, macro == "clickid" }
	if dst = d.expand(dst[:n], clickID, own); len(dst)-n <= MaxDestination {
		return dst
	}
	return d.expand(dst[:n], clickID, func(string) (string, bool) { return "", false })
}

func (d *Decision) expand(dst []byte, clickID string, values func(string) (string, bool)) []byte {
	n := len(dst)
	dst = d.Destination.Expand(dst, values)
	if d.AddClickID && clickID != "" {
		dst = addClickID(dst, n, clickID)
	}
	return dst
}

// addClickID puts click_id behind the query of the URL that begins at from, before its fragment. No
// value holds a bare ? or #, so the first ones are the URL's own.
func addClickID(dst []byte, from int, clickID string) []byte {
	url, fragment, hasFragment := bytes.Cut(dst[from:], []byte{'#'})
	tail := bytes.Clone(fragment)
	dst = dst[:from+len(url)]
	switch last := dst[len(dst)-1]; {
	case bytes.IndexByte(url, '?') < 0:
		dst = append(dst, '?')
	case last != '?' && last != '&':
		dst = append(dst, '&')
	}
	dst = catalog.AppendEscaped(append(dst, "click_id="...), clickID)
	if hasFragment {
		dst = append(append(dst, '#'), tail...)
	}
	return dst
}
