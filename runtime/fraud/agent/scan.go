package agent

import (
	"bytes"
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
)

// marks are what a string names, a bit for each.
type marks uint16

const (
	isPreview        marks = 1 << iota // a link preview, by its name
	isCrawler                          // a crawler, ad review or monitor, by its name
	isLibrary                          // a script, library or headless tool, by its name
	looksLikeCrawler                   // a name that ends with bot, or a home page
	startsLikeBrowser
	isBare // no platform in brackets, as no browser is
	onAndroid
	onMobile
	onTablet
	onTelevision // or a console
	onDesktop
)

func (m marks) has(one marks) bool { return m&one != 0 }

// scan looks at every word of the text once. A word begins at a letter or digit behind anything else,
// so that a name is not found inside another (the phones of Cubot are no bots).
func scan(text string) marks {
	var buf [event.MaxUserAgent]byte
	lower := lowerCase(buf[:0], text)
	m := start(lower)
	begin := -1 // of the word
	for i, c := range lower {
		switch {
		case !wordByte(c):
			if c == '+' && bytes.HasPrefix(lower[i:], []byte("+http")) {
				m |= looksLikeCrawler
			}
			m |= wordEnd(lower, begin, i)
			begin = -1
		case begin < 0:
			begin = i
			m |= wordStart(lower[i:])
		}
	}
	return m | wordEnd(lower, begin, len(lower))
}

func lowerCase(dst []byte, text string) []byte {
	for i := range len(text) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c >= 0x80
}

// start looks at how the text begins and whether it names a platform at all.
func start(lower []byte) (m marks) {
	for _, prefix := range browserStarts {
		if hasPrefix(lower, prefix) {
			m |= startsLikeBrowser
		}
	}
	for _, prefix := range previewStarts {
		if hasPrefix(lower, prefix) {
			m |= isPreview
		}
	}
	if hasPrefix(lower, "mozilla/") && bytes.IndexByte(lower, '(') < 0 {
		m |= isBare
	}
	return m
}

// wordStart marks the names of the table that the rest of the text begins with.
func wordStart(rest []byte) (m marks) {
	for _, n := range namesByFirst[rest[0]] {
		if hasPrefix(rest, n.text) {
			m |= n.mark
		}
	}
	return m
}

// wordEnd marks a word that ends as crawlers' names do.
func wordEnd(lower []byte, begin, end int) marks {
	if begin < 0 {
		return 0
	}
	word := string(lower[begin:end])
	for _, suffix := range crawlerEndings {
		if strings.HasSuffix(word, suffix) && word != "cubot" {
			return looksLikeCrawler
		}
	}
	return 0
}

func hasPrefix(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}
