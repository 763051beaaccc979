package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// ErrOtherSchema says that a table exists and is not the one that this version writes. Nothing was changed.
var ErrOtherSchema = errors.New("the tables were made by another version of ClickTally")

// maxDifferences bounds how many differences an error names.
const maxDifferences = 5

// tableShape is what counting relies on: names and types of columns, and what makes two rows the same row.
type tableShape struct {
	name, engine, sortingKey string
	columns                  []tableColumn
}

// tableColumn is one column; asMade is its kind with the default and whatever else it is made with.
type tableColumn struct{ name, kind, asMade string }

var (
	notAColumn = regexp.MustCompile(`^(?:INDEX|PROJECTION|CONSTRAINT)\b`)
	afterKind  = regexp.MustCompile(` (?:DEFAULT|MATERIALIZED|ALIAS|EPHEMERAL|CODEC|TTL|COMMENT)\b.*$`)
)

// CheckSchema compares the tables that a database has with those of Schema. A table that is not there, and a column
// that Schema does not know, are no difference. The error is ErrOtherSchema, says what differs and what to do.
func CheckSchema(ctx context.Context, conn driver.Conn, db string) error {
	existing, err := readTables(ctx, conn, db)
	if err != nil {
		return fmt.Errorf("look at the tables of database %s: %w", db, err)
	}
	var differences []string
	for _, statement := range Schema(db, Retention{})[1:] {
		want := parseTable(statement)
		if has, ok := existing[want.name]; ok {
			differences = append(differences, want.differences(db, has)...)
		}
	}
	if len(differences) == 0 {
		return nil
	}
	more := ""
	if n := len(differences) - maxDifferences; n > 0 {
		differences, more = differences[:maxDifferences], fmt.Sprintf("; and %d more", n)
	}
	return fmt.Errorf("%w: %s%s. Nothing was changed. Either bring them up to date, with the statements named here and what `clicktally schema` prints; "+
		"or count into another database (spec.clickHouse.database, standalone: another --data folder): what the log still holds is loaded there again",
		ErrOtherSchema, strings.Join(differences, "; "), more)
}

// differences are the ways in which has, of the same name, is not t; each says what to do where a statement can do it.
func (t *tableShape) differences(db string, has *tableShape) []string {
	var found []string
	if strings.TrimPrefix(has.engine, "Replicated") != t.engine {
		found = append(found, fmt.Sprintf("table %s.%s has engine %s, not %s", db, t.name, has.engine, t.engine))
	}
	if has.sortingKey != t.sortingKey {
		found = append(found, fmt.Sprintf("table %s.%s is ordered by (%s), not by (%s)", db, t.name, has.sortingKey, t.sortingKey))
	}
	kinds := map[string]string{}
	for _, c := range has.columns {
		kinds[c.name] = c.kind
	}
	for _, c := range t.columns {
		switch kind, ok := kinds[c.name]; {
		case !ok:
			found = append(found, fmt.Sprintf("table %s.%s lacks column %s (ALTER TABLE %s.%s ADD COLUMN %s %s)", db, t.name, c.name, Quote(db), t.name, c.name, c.asMade))
		case kind != c.kind:
			found = append(found, fmt.Sprintf("column %s of table %s.%s is %s, not %s", c.name, db, t.name, kind, c.kind))
		}
	}
	return found
}

// parseTable reads a statement of schema.sql, in which every column has a line of its own. One that makes no table
// has no name.
func parseTable(statement string) *tableShape {
	name, engine := createsTable.FindStringSubmatchIndex(statement), namesEngine.FindStringSubmatchIndex(statement)
	if name == nil || engine == nil {
		return &tableShape{}
	}
	t := &tableShape{name: statement[name[4]:name[5]], engine: statement[engine[2]:engine[3]]}
	for line := range strings.SplitSeq(statement[name[1]:engine[0]], "\n") {
		line, _, _ = strings.Cut(line, "--")
		line = strings.TrimSuffix(strings.TrimSpace(line), ",")
		if column, asMade, ok := strings.Cut(line, " "); ok && !notAColumn.MatchString(line) {
			asMade = strings.TrimSpace(asMade)
			t.columns = append(t.columns, tableColumn{column, afterKind.ReplaceAllLiteralString(asMade, ""), asMade})
		}
	}
	for line := range strings.SplitSeq(statement[engine[1]:], "\n") {
		if key, ok := strings.CutPrefix(line, "ORDER BY "); ok {
			key, _, _ = strings.Cut(key, " --")
			t.sortingKey = strings.TrimSuffix(strings.TrimPrefix(key, "("), ")")
		}
	}
	return t
}

func readTables(ctx context.Context, conn driver.Conn, db string) (map[string]*tableShape, error) {
	tables := map[string]*tableShape{}
	rows, err := conn.Query(ctx, "SELECT name, engine, sorting_key FROM system.tables WHERE database = "+quoteText(db))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t tableShape
		if err := rows.Scan(&t.name, &t.engine, &t.sortingKey); err != nil {
			return nil, err
		}
		tables[t.name] = &t
	}
	if err := rows.Err(); err != nil || len(tables) == 0 {
		return tables, err
	}
	columns, err := conn.Query(ctx, "SELECT table, name, type FROM system.columns WHERE database = "+quoteText(db)+" ORDER BY table, position")
	if err != nil {
		return nil, err
	}
	defer columns.Close()
	for columns.Next() {
		var of string
		var c tableColumn
		if err := columns.Scan(&of, &c.name, &c.kind); err != nil {
			return nil, err
		}
		if t := tables[of]; t != nil {
			t.columns = append(t.columns, c)
		}
	}
	return tables, columns.Err()
}
