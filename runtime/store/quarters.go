package store

import (
	_ "embed"
	"strconv"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// QuarterLength is what roll-ups are made of: the hours and days of every time zone are whole
// quarter-hours in UTC.
const QuarterLength = 15 * time.Minute

// Quarter names one quarter-hour of one src_part.
type Quarter struct {
	SrcPart event.SrcPart
	Start   time.Time
}

//go:embed quarters.sql
var quartersSQL string

//go:embed visitors.sql
var visitorsSQL string

//go:embed days.sql
var daysSQL string

// SelectDirtyQuarters lists src_part and start (DateTime) of the quarter-hours in [floor, ceiling)
// whose roll-up or whose visitors are behind the marks of their minutes, oldest first, at most limit.
// With a since, only those with a mark written from then on are looked at.
func SelectDirtyQuarters(db string, floor, ceiling, since time.Time, limit int) string {
	changed := ""
	if !since.IsZero() {
		changed = " AND (src_part, toStartOfFifteenMinutes(minute)) IN (SELECT src_part, toStartOfFifteenMinutes(minute) FROM " +
			Quote(db) + ".marks WHERE written >= " + instant(since) + ")"
	}
	latest := func(table string) string {
		return "(SELECT src_part, quarter, max(ver) AS ver FROM " + Quote(db) + "." + table + " WHERE " +
			timeRange("quarter", floor, ceiling) + " GROUP BY src_part, quarter)"
	}
	return "SELECT m.src_part, m.q FROM (SELECT src_part, q, sum(toUInt128(at)) AS ver FROM (" +
		"SELECT src_part, toStartOfFifteenMinutes(minute) AS q, minute, max(ver) AS at FROM " + Quote(db) + ".marks WHERE " +
		timeRange("minute", floor, ceiling) + changed + " GROUP BY src_part, minute) GROUP BY src_part, q) AS m" +
		" LEFT JOIN " + latest("quarters") + " AS r ON m.src_part = r.src_part AND m.q = r.quarter" +
		" LEFT JOIN " + latest("visitors") + " AS v ON m.src_part = v.src_part AND m.q = v.quarter" +
		" WHERE m.ver > least(r.ver, v.ver) ORDER BY m.q, m.src_part LIMIT " + strconv.Itoa(limit) + zeroesInJoins
}

// InsertQuarters computes and writes quarter-hours from minute rows at their marks, in one statement.
// Whoever comes late or twice writes a lower or the same version.
func InsertQuarters(db string, quarters []Quarter) string {
	return ofQuarters(quartersSQL, db, quarters)
}

// InsertVisitors computes and writes the visitor states of quarter-hours from raw below the minutes' cuts.
func InsertVisitors(db string, quarters []Quarter) string {
	return ofQuarters(visitorsSQL, db, quarters)
}

func ofQuarters(text, db string, quarters []Quarter) string {
	from, to := quarters[0].Start, quarters[0].Start
	for _, q := range quarters {
		from, to = earlier(from, q.Start), later(to, q.Start)
	}
	keys := tuples(quarters, func(b []byte, q Quarter) []byte {
		b = append(strconv.AppendUint(b, uint64(q.SrcPart), 10), ", "...)
		return append(b, instant(q.Start)...)
	})
	return strings.NewReplacer(
		"{db}", Quote(db), "{keys}", keys, "{from}", instant(from), "{to}", instant(to.Add(QuarterLength)),
	).Replace(text)
}

// zoneSlack widens a range of days: where clocks change at midnight, midnight is not a certain instant.
const zoneSlack = 3 * time.Hour

// SelectDirtyDays lists the days (Date) of a zone, from first and before last, that are behind their quarter-hours,
// oldest first, at most limit.
func SelectDirtyDays(db string, zone *time.Location, first, last time.Time, limit int) string {
	name := quoteText(zone.String())
	within := "day >= '" + first.In(zone).Format(time.DateOnly) + "' AND day < '" + last.In(zone).Format(time.DateOnly) + "'"
	return "SELECT q.day FROM (SELECT toDate(quarter, " + name + ") AS day, sum(at) AS ver FROM (" +
		"SELECT src_part, quarter, max(ver) AS at FROM " + Quote(db) + ".quarters WHERE " +
		timeRange("quarter", first.AddDate(0, 0, -1), last.AddDate(0, 0, 1)) +
		" GROUP BY src_part, quarter) GROUP BY day HAVING " + within + ") AS q" +
		" LEFT JOIN (SELECT day, max(ver) AS ver FROM " + Quote(db) + ".days WHERE zone = " + name + " GROUP BY day) AS d" +
		" ON q.day = d.day WHERE q.ver > d.ver ORDER BY q.day LIMIT " + strconv.Itoa(limit) + zeroesInJoins
}

// InsertDays computes and writes days, each named by its date, of a zone from quarter-hours.
func InsertDays(db string, zone *time.Location, days []time.Time) string {
	from, to := days[0], days[0]
	dates := make([]string, len(days))
	for i, day := range days {
		from, to = earlier(from, day), later(to, day)
		dates[i] = "'" + day.Format(time.DateOnly) + "'"
	}
	midnight := func(day time.Time) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
	}
	return strings.NewReplacer(
		"{db}", Quote(db), "{zone}", quoteText(zone.String()), "{days}", strings.Join(dates, ", "),
		"{from}", instant(midnight(from).Add(-zoneSlack)), "{to}", instant(midnight(to.AddDate(0, 0, 1)).Add(zoneSlack)),
	).Replace(daysSQL)
}

// QuartersAtLatest is a subquery that yields every row of table quarters that counts, each key once, for quarter-hours
// in [from, to); a zero time leaves that side open.
func QuartersAtLatest(db string, from, to time.Time) string {
	return atLatest(db, "quarters", "src_part, quarter", timeRange("quarter", from, to))
}

// VisitorsAtLatest is the same for table visitors: visitors is a state, for uniqCombined64Merge(14).
func VisitorsAtLatest(db string, from, to time.Time) string {
	return atLatest(db, "visitors", "src_part, quarter", timeRange("quarter", from, to))
}

// DaysAtLatest is a subquery that yields every row of table days that counts, for the days of a zone from first to last,
// both included and written as 2006-01-02.
func DaysAtLatest(db string, zone *time.Location, first, last time.Time) string {
	return atLatest(db, "days", "zone, day", "zone = "+quoteText(zone.String())+
		" AND day >= '"+first.Format(time.DateOnly)+"' AND day <= '"+last.Format(time.DateOnly)+"'")
}

// atLatest keeps the rows of the highest version of each key: a key of rows that a later version no longer has stays
// in the table, and a writer that was paused may even add one.
func atLatest(db, table, key, where string) string {
	from := Quote(db) + "." + table
	return "(SELECT r.* FROM (SELECT * FROM " + from + " FINAL WHERE " + where + ") AS r INNER JOIN (SELECT " + key +
		", max(ver) AS latest FROM " + from + " WHERE " + where + " GROUP BY " + key + ") AS k USING (" + key + ")" +
		" WHERE r.ver >= k.latest)"
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
