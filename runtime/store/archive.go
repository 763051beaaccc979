package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// Unarchived is a range of offsets that was loaded by an hour and is not in the archive.
type Unarchived struct {
	SrcPart  event.SrcPart
	From, To uint64
	Until    time.Time // the end of the hour
	Rows     uint64    // that manifests say it has at least

	manifests []manifestRange // that reach into it, sorted
}

// Part is a part of the range.
func (u Unarchived) Part(from, to uint64) Unarchived {
	u.From, u.To, u.Rows = from, to, leastRows(u.manifests, from, to)
	return u
}

// Check says how many rows there are and what they hold, in any order.
type Check struct {
	Rows    uint64
	Content string
}

// Archived is a row of table archived.
type Archived struct {
	SrcPart  event.SrcPart
	From, To uint64
	Object   string
	Check    Check
	Written  time.Time
}

// ColumnType is a column of table events.
type ColumnType struct{ Name, Type string }

// ReadEventColumns reads the columns of table events as they are.
func ReadEventColumns(ctx context.Context, conn driver.Conn, db string) ([]ColumnType, error) {
	rows, err := conn.Query(ctx, "SELECT name, type FROM system.columns WHERE database = "+quoteText(db)+" AND table = 'events' ORDER BY position")
	if err != nil {
		return nil, fmt.Errorf("read the columns of raw: %w", err)
	}
	defer rows.Close()
	var columns []ColumnType
	for rows.Next() {
		var c ColumnType
		if err := rows.Scan(&c.Name, &c.Type); err != nil {
			return nil, fmt.Errorf("read the columns of raw: %w", err)
		}
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

// ReadUnarchived lists, per src_part and hour of loading before until, what continues the archive: the loaded run
// without a hole as it was at the end of each hour, from where the archive ends. Hours make the ranges the same
// for whoever asks, and whenever.
func ReadUnarchived(ctx context.Context, conn driver.Conn, db string, until time.Time) ([]Unarchived, error) {
	rows, err := conn.Query(ctx, "SELECT src_part, toUInt64(max(to_off)) FROM "+Quote(db)+".archived GROUP BY src_part")
	if err != nil {
		return nil, fmt.Errorf("read what is archived: %w", err)
	}
	ends, err := scanEnds(rows)
	if err != nil {
		return nil, fmt.Errorf("read what is archived: %w", err)
	}
	manifests, err := conn.Query(ctx, "SELECT src_part, from_off, to_off, if(kind = 'Lost', 0, rows), toDateTime(toStartOfHour(written) + 3600) FROM "+
		Quote(db)+".manifests FINAL WHERE written < "+instant(until)+" AND to_off > "+endOf(ends)+" ORDER BY src_part, toStartOfHour(written), from_off, to_off")
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	defer manifests.Close()
	run := loadedRun{ends: ends}
	for manifests.Next() {
		var m manifestRange
		var part uint32
		if err := manifests.Scan(&part, &m.from, &m.to, &m.rows, &m.until); err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		run.add(event.SrcPart(part), m)
	}
	run.close()
	return run.found, manifests.Err()
}

// endOf is where the archive of a row's src_part ends, in SQL.
func endOf(ends map[event.SrcPart]uint64) string {
	if len(ends) == 0 {
		return "0"
	}
	var parts, offsets []string
	for part, end := range ends {
		parts, offsets = append(parts, strconv.FormatUint(uint64(part), 10)), append(offsets, "toUInt64("+strconv.FormatUint(end, 10)+")")
	}
	return "transform(src_part, [" + strings.Join(parts, ", ") + "], [" + strings.Join(offsets, ", ") + "], toUInt64(0))"
}

func scanEnds(rows driver.Rows) (map[event.SrcPart]uint64, error) {
	defer rows.Close()
	ends := map[event.SrcPart]uint64{}
	for rows.Next() {
		var part uint32
		var end uint64
		if err := rows.Scan(&part, &end); err != nil {
			return nil, err
		}
		ends[event.SrcPart(part)] = end
	}
	return ends, rows.Err()
}

// CheckRaw counts and hashes the raw rows of a range.
func CheckRaw(ctx context.Context, conn driver.Conn, db string, r Unarchived) (Check, error) {
	return check(ctx, conn, "(SELECT * FROM "+rawRange(db, r)+")")
}

// CheckArchive counts and hashes the rows of an archived object.
func CheckArchive(ctx context.Context, conn driver.Conn, object string) (Check, error) {
	return check(ctx, conn, object)
}

// check adds up 128-bit hashes of whole rows, so that their order does not matter and a row that is there twice does.
func check(ctx context.Context, conn driver.Conn, from string) (Check, error) {
	var c Check
	row := conn.QueryRow(ctx, "SELECT count(), hex(sum(reinterpretAsUInt128(sipHash128(*)))) FROM "+from)
	if err := row.Scan(&c.Rows, &c.Content); err != nil {
		return c, fmt.Errorf("count and hash rows: %w", err)
	}
	return c, nil
}

// rawRange is raw of a range, each offset once. The manifests' minutes lead to the parts of the table that hold it.
func rawRange(db string, r Unarchived) string {
	part, from, to := strconv.FormatUint(uint64(r.SrcPart), 10), strconv.FormatUint(r.From, 10), strconv.FormatUint(r.To, 10)
	return Quote(db) + ".events FINAL WHERE src_part = " + part + " AND minute IN (SELECT arrayJoin(minutes) FROM " + Quote(db) +
		".manifests WHERE src_part = " + part + " AND from_off < " + to + " AND to_off > " + from + ")" +
		" AND src_off >= " + from + " AND src_off < " + to
}

// InsertArchive lets ClickHouse write raw of a range to an object, whole, in place of what may be there.
func InsertArchive(db, object string, columns []ColumnType, r Unarchived) string {
	return "INSERT INTO FUNCTION " + object + " SELECT " + names(columns) + " FROM " + rawRange(db, r) + " ORDER BY src_off" +
		" SETTINGS s3_truncate_on_insert = 1, s3_create_new_file_on_insert = 0"
}

// S3Table is the s3 table function with these arguments.
func S3Table(arguments ...string) string {
	quoted := make([]string, len(arguments))
	for i, a := range arguments {
		quoted[i] = quoteText(a)
	}
	return "s3(" + strings.Join(quoted, ", ") + ")"
}

// Structure is the structure argument of a table function.
func Structure(columns []ColumnType) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = Quote(c.Name) + " " + c.Type
	}
	return strings.Join(list, ", ")
}

// NoEvents is a table expression like table events that holds nothing.
func NoEvents(db string) string { return "(SELECT * FROM " + Quote(db) + ".events WHERE 0)" }

// UnionOnce is a table expression of several ones with the columns of table events, each (src_part, src_off) once.
func UnionOnce(tables []string) string {
	return "(SELECT * FROM (" + strings.Join(tables, " UNION ALL ") + ") LIMIT 1 BY src_part, src_off)"
}

func names(columns []ColumnType) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = Quote(c.Name)
	}
	return strings.Join(list, ", ")
}

// InsertArchived notes an object that was read back.
func InsertArchived(ctx context.Context, conn driver.Conn, db string, a Archived) error {
	return insert(ctx, conn, db, "archived", archivedColumns, []Archived{a})
}

var archivedColumns = []column[Archived]{
	col("src_part", func(a *Archived) uint32 { return uint32(a.SrcPart) }),
	col("from_off", func(a *Archived) uint64 { return a.From }),
	col("to_off", func(a *Archived) uint64 { return a.To }),
	col("object", func(a *Archived) string { return a.Object }),
	col("rows", func(a *Archived) uint64 { return a.Check.Rows }),
	col("content", func(a *Archived) string { return a.Check.Content }),
	col("written", func(a *Archived) int64 { return a.Written.UnixMilli() }),
}

// ReadArchived lists the objects of the archive in the order of their ranges.
func ReadArchived(ctx context.Context, conn driver.Conn, db string) ([]Archived, error) {
	rows, err := conn.Query(ctx, "SELECT src_part, from_off, to_off, object, rows, content, written FROM "+Quote(db)+
		".archived FINAL ORDER BY src_part, from_off, to_off")
	if err != nil {
		return nil, fmt.Errorf("read what is archived: %w", err)
	}
	defer rows.Close()
	var found []Archived
	for rows.Next() {
		var a Archived
		var part uint32
		if err := rows.Scan(&part, &a.From, &a.To, &a.Object, &a.Check.Rows, &a.Check.Content, &a.Written); err != nil {
			return nil, fmt.Errorf("read what is archived: %w", err)
		}
		a.SrcPart = event.SrcPart(part)
		found = append(found, a)
	}
	return found, rows.Err()
}
