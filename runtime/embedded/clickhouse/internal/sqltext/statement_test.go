package sqltext

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	cases := map[string]struct {
		text string
		want Statement
	}{
		"a query without format":                   {"SELECT 1", Statement{Text: "SELECT 1", Verb: "SELECT"}},
		"a closing format":                         {"select 1 format JSON", Statement{Text: "select 1 format JSON", Verb: "SELECT", Format: "JSON"}},
		"a format before settings":                 {"SELECT 1 FORMAT CSV SETTINGS a=1;", Statement{Text: "SELECT 1 FORMAT CSV SETTINGS a=1", Verb: "SELECT", Format: "CSV"}},
		"a format in a string":                     {"SELECT 'x FORMAT JSON'", Statement{Text: "SELECT 'x FORMAT JSON'", Verb: "SELECT"}},
		"a format in a comment":                    {"SELECT 1 -- FORMAT JSON", Statement{Text: "SELECT 1 -- FORMAT JSON", Verb: "SELECT"}},
		"a format in a heredoc":                    {"SELECT $$ FORMAT JSON $$", Statement{Text: "SELECT $$ FORMAT JSON $$", Verb: "SELECT"}},
		"a format of a subquery's column":          {"SELECT (SELECT x FORMAT y) AS z", Statement{Text: "SELECT (SELECT x FORMAT y) AS z", Verb: "SELECT"}},
		"a column called format":                   {"SELECT a ORDER BY format DESC", Statement{Text: "SELECT a ORDER BY format DESC", Verb: "SELECT"}},
		"two statements":                           {"SELECT 1; SELECT 2", Statement{Text: "SELECT 1", Verb: "SELECT", Multiple: true}},
		"a semicolon in a string is no end":        {"SELECT 'a;b'", Statement{Text: "SELECT 'a;b'", Verb: "SELECT"}},
		"an escaped quote does not end the string": {`SELECT 'a\';b'`, Statement{Text: `SELECT 'a\';b'`, Verb: "SELECT"}},
		"a comment before the verb":                {"/* hi */ -- there\n DROP TABLE t", Statement{Text: "/* hi */ -- there\n DROP TABLE t", Verb: "DROP"}},
		"rows after VALUES":                        {"INSERT INTO t (a) VALUES (1);", Statement{Text: "INSERT INTO t (a) VALUES (1);", Verb: "INSERT", Format: "Values", Inline: true, Head: "INSERT INTO t (a) ", Data: " (1);"}},
		"rows after FORMAT":                        {"INSERT INTO t FORMAT CSV\n1\n", Statement{Text: "INSERT INTO t FORMAT CSV\n1\n", Verb: "INSERT", Format: "CSV", Inline: true, Head: "INSERT INTO t ", Data: "1\n"}},
		"settings before FORMAT stay in the head":  {"INSERT INTO t SETTINGS a='VALUES' FORMAT Native", Statement{Text: "INSERT INTO t SETTINGS a='VALUES' FORMAT Native", Verb: "INSERT", Format: "Native", Inline: true, Head: "INSERT INTO t SETTINGS a='VALUES' "}},
		"a table called values":                    {"INSERT INTO values FORMAT CSV", Statement{Text: "INSERT INTO values FORMAT CSV", Verb: "INSERT", Format: "CSV", Inline: true, Head: "INSERT INTO values "}},
		"a table called values in a database":      {"INSERT INTO d.values (a) VALUES (1)", Statement{Text: "INSERT INTO d.values (a) VALUES (1)", Verb: "INSERT", Format: "Values", Inline: true, Head: "INSERT INTO d.values (a) ", Data: " (1)"}},
		"an INSERT SELECT has no rows":             {"INSERT INTO t SELECT 1 FROM values('a UInt8', 1)", Statement{Text: "INSERT INTO t SELECT 1 FROM values('a UInt8', 1)", Verb: "INSERT"}},
		"an INSERT from a table function":          {"INSERT INTO FUNCTION file('VALUES') WITH 1 AS x SELECT x;", Statement{Text: "INSERT INTO FUNCTION file('VALUES') WITH 1 AS x SELECT x", Verb: "INSERT"}},
		"an unclosed string ends with the text":    {"SELECT 'a", Statement{Text: "SELECT 'a", Verb: "SELECT"}},
		"a temporary table":                        {"CREATE OR REPLACE TEMPORARY TABLE t (a UInt8)", Statement{Text: "CREATE OR REPLACE TEMPORARY TABLE t (a UInt8)", Verb: "CREATE", Temporary: true}},
		"a table called temporary":                 {"CREATE TABLE temporary (a UInt8)", Statement{Text: "CREATE TABLE temporary (a UInt8)", Verb: "CREATE"}},
		"nothing":                                  {" -- nothing", Statement{Text: " -- nothing"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Parse(c.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"SELECT 1 FORMAT JSON;", "INSERT INTO t VALUES (1)", "/*", "$a$", "'\\", "INSERT INTO t FORMAT", "select $$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := Parse(text)
		if s.Inline && len(s.Head)+len(s.Data) > len(text) {
			t.Errorf("head and rows are longer than the statement %q", text)
		}
	})
}
