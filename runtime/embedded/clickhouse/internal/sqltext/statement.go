// Package sqltext finds out what a ClickHouse statement is without understanding it: its verb, its FORMAT clause, and where the rows of an INSERT begin.
package sqltext

import "strings"

// Statement is what a server must know about a statement before it hands it to the engine.
type Statement struct {
	// Text is the statement without closing semicolon.
	Text string
	// Verb is the first keyword in upper case: SELECT, WITH, INSERT, CREATE.
	Verb string
	// Temporary says that it creates a temporary table.
	Temporary bool
	// Format is the name in the FORMAT clause, "Values" for INSERT ... VALUES, empty without one.
	Format string
	// Inline says that this is an INSERT whose rows follow: in Data, and after it in the request's body.
	Inline bool
	// Head is an inline INSERT up to the word FORMAT or VALUES; Data is what stands behind the clause.
	Head, Data string
	// Multiple says that another statement follows a semicolon.
	Multiple bool
}

// Parse reads the outline of a statement. It never fails: what it does not know is left to the engine.
func Parse(text string) Statement {
	lex := lexer{text: text}
	first := lex.next()
	statement := Statement{Text: text, Verb: upper(text, first)}
	if statement.Verb == "INSERT" {
		return parseInsert(statement, &lex)
	}
	return parseOther(statement, &lex)
}

// ReadOnly says whether the statement only reads, so that it may come with GET.
func (s Statement) ReadOnly() bool {
	switch s.Verb {
	case "SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "":
		return true
	}
	return false
}

// ChangesSession says whether the statement alters the engine's session (SET, USE, temporary tables, transactions), which must not outlive its request.
func (s Statement) ChangesSession() bool {
	switch s.Verb {
	case "SET", "USE", "BEGIN", "COMMIT", "ROLLBACK":
		return true
	}
	return s.Temporary
}

// parseInsert stops at the first keyword that says where the rows come from.
func parseInsert(s Statement, lex *lexer) Statement {
	previous := ""
	for {
		t := lex.next()
		if t.kind == end {
			s.Text = strings.TrimRight(s.Text, "; \t\r\n")
			return s
		}
		text := upper(s.Text, t)
		named := previous == "INTO" || previous == "TABLE" || previous == "." // a table may be called "values"
		if t.kind != word || t.depth > 0 || named {
			previous = text
			continue
		}
		switch text {
		case "SELECT", "WITH", "FROM", "WATCH":
			return parseOther(s, lex)
		case "VALUES":
			s.Inline, s.Format, s.Head, s.Data = true, "Values", s.Text[:t.from], s.Text[t.to:]
			return s
		case "FORMAT":
			name := lex.next()
			s.Inline, s.Format, s.Head = true, s.Text[name.from:name.to], s.Text[:t.from]
			s.Data = afterFormat(s.Text[name.to:])
			return s
		}
		previous = text
	}
}

// afterFormat drops the blanks and the one line end between the clause and the rows.
func afterFormat(rest string) string {
	rest = strings.TrimLeft(rest, " \t")
	rest = strings.TrimPrefix(rest, "\r")
	return strings.TrimPrefix(rest, "\n")
}

// parseOther looks for the closing FORMAT clause: FORMAT name at the end, or before SETTINGS.
func parseOther(s Statement, lex *lexer) Statement {
	var before, last token
	for {
		t := lex.next()
		// CREATE TEMPORARY, CREATE OR REPLACE TEMPORARY
		follows := last.kind == end || upper(s.Text, last) == "REPLACE"
		s.Temporary = s.Temporary || s.Verb == "CREATE" && follows && upper(s.Text, t) == "TEMPORARY"
		// ORDER BY format DESC is no FORMAT clause.
		order := upper(s.Text, last) == "DESC" || upper(s.Text, last) == "ASC"
		closing := t.kind == end || t.kind == symbol && s.Text[t.from] == ';' || t.kind == word && upper(s.Text, t) == "SETTINGS"
		if closing && !order && t.depth == 0 && last.kind == word && before.kind == word && before.depth == 0 && upper(s.Text, before) == "FORMAT" {
			s.Format = s.Text[last.from:last.to]
		}
		if t.kind == symbol && s.Text[t.from] == ';' && t.depth == 0 {
			s.Multiple = s.Multiple || lex.next().kind != end && !onlySemicolons(s.Text[t.to:])
			s.Text = s.Text[:t.from]
			return s
		}
		if t.kind == end {
			return s
		}
		before, last = last, t
	}
}

func onlySemicolons(rest string) bool { return strings.Trim(rest, "; \t\r\n") == "" }

func upper(text string, t token) string { return strings.ToUpper(text[t.from:t.to]) }
