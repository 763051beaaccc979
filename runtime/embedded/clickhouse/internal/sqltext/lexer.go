package sqltext

import "strings"

type kind int

const (
	end kind = iota
	word
	quoted
	symbol
)

// token is one piece of a statement: text[from:to]. depth counts the open brackets around it.
type token struct {
	kind     kind
	from, to int
	depth    int
}

// lexer walks over ClickHouse SQL. It knows just enough (comments, strings, quoted names, heredocs, brackets) to tell
// a keyword from the same letters inside a value.
type lexer struct {
	text  string
	at    int
	depth int
}

func (l *lexer) next() token {
	l.skipSpace()
	if l.at >= len(l.text) {
		return token{kind: end, from: len(l.text), to: len(l.text)}
	}
	from := l.at
	switch c := l.text[l.at]; {
	case c == '\'' || c == '"' || c == '`':
		l.at = quotedEnd(l.text, l.at)
		return token{quoted, from, l.at, l.depth}
	case c == '$' && heredocEnd(l.text, l.at) > 0:
		l.at = heredocEnd(l.text, l.at)
		return token{quoted, from, l.at, l.depth}
	case isWordByte(c):
		for l.at < len(l.text) && isWordByte(l.text[l.at]) {
			l.at++
		}
		return token{word, from, l.at, l.depth}
	default:
		l.at++
		return token{symbol, from, l.at, l.bracket(c)}
	}
}

// bracket keeps the depth and returns that of the bracket itself: the one outside it.
func (l *lexer) bracket(c byte) int {
	switch c {
	case '(', '[', '{':
		l.depth++
		return l.depth - 1
	case ')', ']', '}':
		l.depth = max(l.depth-1, 0)
	}
	return l.depth
}

func (l *lexer) skipSpace() {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
			l.at++
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "# "), strings.HasPrefix(rest, "#!"):
			l.at = after(l.text, l.at, "\n")
		case strings.HasPrefix(rest, "/*"):
			l.at = after(l.text, l.at+2, "*/")
		default:
			return
		}
	}
}

func after(text string, from int, mark string) int {
	if i := strings.Index(text[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(text)
}

// quotedEnd returns the index behind the quote that closes the one at from. A doubled quote reads as two strings side by side.
func quotedEnd(text string, from int) int {
	for i := from + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[from]:
			return i + 1
		}
	}
	return len(text)
}

// heredocEnd returns the index behind $tag$...$tag$ at from, or 0 when there is none.
func heredocEnd(text string, from int) int {
	i := from + 1
	for i < len(text) && isWordByte(text[i]) {
		i++
	}
	if i >= len(text) || text[i] != '$' {
		return 0
	}
	tag := text[from : i+1]
	if end := strings.Index(text[i+1:], tag); end >= 0 {
		return i + 1 + end + len(tag)
	}
	return 0
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
