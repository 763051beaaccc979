package query

import (
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/runtime/store"
)

// statement is SQL with the arguments it binds. Values are only ever bound; the identifiers in text come
// from the tables of this package and from Config.Database.
type statement struct {
	text string
	args []any
}

func (st *statement) bind(name string, value any) {
	st.args = append(st.args, clickhouse.Named(name, value))
}

// statsStatement reads rows of minutes at their marks, of quarter-hours where minutes have expired, and
// conversions at their clicks' time, all grouped alike, and adds them up. It answers one row more than MaxRows when there is more.
func statsStatement(database string, r statsRequest) statement {
	st := statement{}
	st.bind("from", r.from.Unix())
	st.bind("zone", r.zone.String())
	where := st.filters(r.filters)
	keys := strings.Join(append([]string{"bucket"}, r.groupBy...), ", ")
	st.text = fmt.Sprintf(`SELECT %[1]s,
  sum(impressions), sum(page_views), sum(click_throughs), sum(bounces), sum(valid), sum(suspicious), sum(fraudulent),
  sum(test), sum(closed), sum(duplicate), sumMap(spend), sumMap(cost), sumMap(conversions), sumMap(revenue)
FROM (
%[2]s
)
GROUP BY %[1]s
ORDER BY %[1]s
LIMIT %[3]d
SETTINGS max_execution_time = %[4]d`,
		keys,
		strings.Join(append(countedParts(database, r, keys, where), conversionsPart(database, r, keys, where)), "\nUNION ALL\n"),
		MaxRows+1,
		int(HistoryTimeout/time.Second))
	return st
}

// filters binds the filters and returns the condition, which begins with AND when there is one.
func (st *statement) filters(filters []filter) string {
	var where strings.Builder
	for _, f := range filters {
		fmt.Fprintf(&where, " AND %s IN @%s", f.dimension, f.dimension)
		st.bind(f.dimension, f.values)
	}
	return where.String()
}

// countedParts reads quarter-hours before the request's oldest minute, and minutes from it on.
func countedParts(database string, r statsRequest, keys, where string) []string {
	var parts []string
	if r.from.Before(r.oldest) {
		until := earlier(r.oldest, r.to)
		parts = append(parts, countedPart(r, "quarter", store.QuartersAtLatest(database, r.from, until), keys, where))
	}
	if r.oldest.Before(r.to) {
		parts = append(parts, countedPart(r, "minute", store.MinutesAtMarks(database, later(r.from, r.oldest), r.to), keys, where))
	}
	return parts
}

// countedPart sums rows of minutes or quarter-hours, which have the same columns. Money stays apart by currency in maps.
func countedPart(r statsRequest, column, source, keys, where string) string {
	return fmt.Sprintf(`SELECT %s AS %s,
  sum(impressions) AS impressions, sum(page_views) AS page_views, sum(click_throughs) AS click_throughs, sum(bounces) AS bounces,
  sum(clicks_valid) AS valid, sum(clicks_suspicious) AS suspicious, sum(clicks_fraudulent) AS fraudulent,
  sum(clicks_test) AS test, sum(clicks_closed) AS closed, sum(clicks_duplicate) AS duplicate,
  sumMap(map(CAST(price_currency AS String), spend_valid + spend_suspicious)) AS spend,
  sumMap(map(CAST(cost_currency AS String), cost)) AS cost,
  CAST(map(), 'Map(String, UInt64)') AS conversions,
  CAST(map(), 'Map(String, Int64)') AS revenue
FROM %s AS m
WHERE true%s
GROUP BY %s`, bucket(r.granularity, column), keys, source, where, keys)
}

// conversionsPart sums conversions, dated at their clicks' time. Those of test clicks are left out, as the
// clicks are; only an approved conversion is revenue.
func conversionsPart(database string, r statsRequest, keys, where string) string {
	return fmt.Sprintf(`SELECT %s AS %s,
  0 AS impressions, 0 AS page_views, 0 AS click_throughs, 0 AS bounces, 0 AS valid, 0 AS suspicious, 0 AS fraudulent,
  0 AS test, 0 AS closed, 0 AS duplicate,
  CAST(map(), 'Map(String, Int64)') AS spend, CAST(map(), 'Map(String, Int64)') AS cost,
  sumMap(map(CAST(status AS String), toUInt64(1))) AS conversions,
  sumMap(map(CAST(revenue_currency AS String), if(status = 'Approved', revenue_micros, 0))) AS revenue
FROM %s AS c
WHERE true%s
GROUP BY %s`, bucket(r.granularity, "toDateTime(click_time, 'UTC')"), keys,
		store.ConversionsByClick(database, r.from, r.to), where, keys)
}

// bucket is the Unix second at which a row's time bucket begins, in the zone of the request.
func bucket(granularity, column string) string {
	switch granularity {
	case "minute":
		return fmt.Sprintf("toUnixTimestamp(toStartOfMinute(%s))", column)
	case "hour":
		return fmt.Sprintf("toUnixTimestamp(toStartOfHour(%s, @zone))", column)
	case "day":
		return fmt.Sprintf("toUnixTimestamp(toStartOfDay(%s, @zone))", column)
	default:
		return "toUInt32(@from)"
	}
}
