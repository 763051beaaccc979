package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxURL bounds a destination as it is written, in bytes.
const MaxURL = 2048

// Template is a destination URL with macros. It is immutable and safe for concurrent use.
type Template struct {
	text   string // as written
	host   string // lower case, without port
	origin string // scheme://authority, what every expansion begins with
	parts  []part
	size   int // bytes of the literals
}

// part is a literal followed by a macro; the last part of a template may have no macro.
type part struct {
	literal string
	macro   string
	at      place
}

// ParseTemplate reads an http or https URL whose path, query and fragment may hold macros. The error
// names the macro and its position, counted in bytes from 1, and never repeats the URL.
func ParseTemplate(text string) (*Template, error) {
	if len(text) > MaxURL {
		return nil, fmt.Errorf("URL has %d bytes, at most %d are allowed", len(text), MaxURL)
	}
	if err := checkCharacters(text); err != nil {
		return nil, err
	}
	rest, err := afterScheme(text)
	if err != nil {
		return nil, err
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, err := parseAuthority(rest[:end])
	if err != nil {
		return nil, err
	}
	start := len(text) - len(rest) + end
	t := &Template{text: text, host: host, origin: text[:start]}
	return t, t.parseParts(start)
}

// checkCharacters refuses what browsers drop, rewrite or read as something else: a URL must mean one
// thing to us and to them.
func checkCharacters(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("URL is not valid UTF-8")
	}
	for i, r := range text {
		switch {
		case isControl(r):
			return fmt.Errorf("control character at position %d", i+1)
		case strings.ContainsRune(" \"<>\\`", r):
			return fmt.Errorf("character %q at position %d must be percent-encoded", r, i+1)
		}
	}
	return nil
}

func afterScheme(text string) (string, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", errors.New("URL must start with https:// or http://")
	}
	return rest, nil
}

// parseAuthority returns the host of "host[:port]" in lower case.
func parseAuthority(authority string) (string, error) {
	switch {
	case strings.Contains(authority, "@"):
		return "", errors.New("user name and password are not allowed in a destination")
	case strings.ContainsAny(authority, "{}"):
		return "", errors.New("macros are allowed in path, query and fragment only, not in the host")
	case strings.ContainsFunc(authority, func(r rune) bool { return r >= utf8.RuneSelf }):
		return "", errors.New("host must be written in ASCII (xn-- form)")
	}
	u, err := url.Parse("https://" + authority)
	if err != nil || !validPort(u.Port()) {
		return "", errors.New("host or port is not valid")
	}
	host := normalHost(u.Hostname())
	if host == "" || strings.ContainsAny(host, "%*,;!$&'()+=") {
		return "", errors.New("URL has no valid host")
	}
	return host, nil
}

// validPort accepts none, which is the scheme's own.
func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// parseParts cuts text, from the end of the authority on, into literals and macros.
func (t *Template) parseParts(start int) error {
	at, from := inPath, 0
	for i := start; i < len(t.text); i++ {
		switch c := t.text[i]; {
		case c == '?' && at == inPath:
			at = inQuery
		case c == '#' && at != inFragment:
			at = inFragment
		case c == '}':
			return fmt.Errorf("closing brace without a macro at position %d", i+1)
		case c == '{':
			name, _, closed := strings.Cut(t.text[i+1:], "}")
			if !closed {
				return fmt.Errorf("opening brace without its end at position %d: write %%7B for a brace itself", i+1)
			}
			if !KnownMacro(name) {
				return fmt.Errorf("unknown macro {%.32s} at position %d: known are {%s} and {sub1} to {sub%d}",
					name, i+1, strings.Join(macros, "} {"), MaxSubs)
			}
			t.add(part{literal: t.text[from:i], macro: name, at: at})
			i += len(name) + 1
			from = i + 1
		}
	}
	t.add(part{literal: t.text[from:]})
	return nil
}

// add keeps the literal in the form it is sent: headers are ASCII, so other characters are encoded.
func (t *Template) add(p part) {
	var encoded []byte
	for i := range len(p.literal) {
		if c := p.literal[i]; c < utf8.RuneSelf {
			encoded = append(encoded, c)
		} else {
			encoded = AppendEscaped(encoded, p.literal[i:i+1])
		}
	}
	p.literal = string(encoded)
	t.size += len(encoded)
	t.parts = append(t.parts, p)
}

// Expand appends the URL with every macro replaced by its escaped value; a macro without a value is
// left empty. values gets names without braces. Whatever the values are, scheme and host stay.
func (t *Template) Expand(dst []byte, values func(macro string) (string, bool)) []byte {
	for i := range t.parts {
		p := &t.parts[i]
		dst = append(dst, p.literal...)
		if p.macro == "" {
			continue
		}
		if value, ok := values(p.macro); ok {
			dst = appendValue(dst, value, p.at)
		}
	}
	return dst
}

// KeepsHost reports whether an expanded URL still has the template's scheme, host and port.
func (t *Template) KeepsHost(expanded []byte) bool {
	n := len(t.origin)
	if len(expanded) < n || string(expanded[:n]) != t.origin {
		return false
	}
	return len(expanded) == n || strings.IndexByte("/?#", expanded[n]) >= 0
}

// Host returns the host in lower case, without port; an IPv6 address without brackets.
func (t *Template) Host() string { return t.host }

// String returns the URL as it was written.
func (t *Template) String() string { return t.text }

// Uses reports whether the macro, named without braces, occurs.
func (t *Template) Uses(macro string) bool {
	for i := range t.parts {
		if t.parts[i].macro == macro {
			return true
		}
	}
	return false
}
