package store

import (
	_ "embed"
	"strconv"
	"strings"
	"time"
)

//go:embed sessions.sql
var sessionsSQL string

// InsertSessions computes the sessions of the UTC day that begins at day, absolute rows with the
// computation's time as version.
func InsertSessions(db string, day, now time.Time, gap time.Duration) string {
	return strings.NewReplacer(
		"{db}", Quote(db), "{day}", strconv.FormatInt(day.Unix(), 10),
		"{gap}", strconv.FormatInt(gap.Milliseconds(), 10), "{ver}", strconv.FormatInt(now.UnixMilli(), 10),
	).Replace(sessionsSQL)
}

// SelectSessionDays lists the UTC days (DateTime) since from that a load touched after their
// sessions were computed, with margin for clocks that differ, oldest first.
func SelectSessionDays(db string, from time.Time, margin time.Duration) string {
	return "SELECT t.day FROM (SELECT toStartOfDay(m) AS day, max(toUnixTimestamp64Milli(written)) AS touched FROM " + Quote(db) +
		".manifests ARRAY JOIN minutes AS m WHERE m >= " + instant(from.Truncate(24*time.Hour)) + " GROUP BY day) AS t" +
		" LEFT JOIN (SELECT toStartOfDay(hour) AS day, max(ver) AS computed FROM " + Quote(db) + ".sessions GROUP BY day) AS s" +
		" ON t.day = s.day WHERE s.computed = 0 OR t.touched + " + strconv.FormatInt(margin.Milliseconds(), 10) +
		" > toInt64(s.computed) ORDER BY t.day" + zeroesInJoins
}
