package store

import (
	"strconv"
	"strings"
	"time"
)

// MinutesAtMarks is a subquery that yields every minute row that counts, with all columns of table
// minutes, each key once, for minutes in [from, to); a zero time leaves that side open.
//
// A minute without a mark yields nothing, a marked one the rows of its newest version. All rows of a
// version are one block, checked against the mark before it was written: a version whose mark is on
// its way is complete, and has replaced the marked one. Rows of an older version are what a raised
// epoch no longer counts, or what a worker that had not heard of it wrote late. That both looks at
// the table see the same rows takes enable_shared_storage_snapshot_in_query, which is on by default.
func MinutesAtMarks(db string, from, to time.Time) string {
	where, minutes := timeRange("minute", from, to), Quote(db)+".minutes"
	return "(SELECT * FROM " + minutes + " FINAL WHERE " + where +
		" AND (src_part, minute) IN (SELECT src_part, minute FROM " + Quote(db) + ".marks WHERE " + where + ")" +
		" AND (src_part, minute, ver) IN (SELECT src_part, minute, max(ver) FROM " + minutes + " WHERE " + where +
		" GROUP BY src_part, minute))"
}

// ConversionsOnce is a subquery that yields one row of table conversions per click, stated campaign and
// txid (without one: and kind), the one with the highest ver, where the condition holds; it may speak of src_part, click_id,
// click_time and campaign_id. Only those that state the click's own campaign count: a click id is no
// secret, and a source may speak for the campaigns of its own namespace alone.
func ConversionsOnce(db, where string) string {
	return "(SELECT * FROM " + Quote(db) + ".conversions FINAL WHERE " + where +
		" ORDER BY ver DESC LIMIT 1 BY src_part, click_id, campaign_id, txid, if(txid = '', kind, ''))"
}

// ConversionsByClick is a subquery that yields one row per conversion of clicks in [from, to), dated
// at the click's time, with its last status in log order and the click's dimensions: src_part,
// click_time, minute, click_id, txid, kind, status, revenue_micros, revenue_currency, timestamp (of
// the conversion), and from the click campaign_id, ad_id, advertiser_id, publisher_id, ts_id,
// country, region, device_type, disposition, click_status, external_id. A conversion whose click was
// not loaded (or is older than the lookup's 37 days), or is another campaign's, is left out; Test clicks
// are left out too.
func ConversionsByClick(db string, from, to time.Time) string {
	return "(SELECT v.src_part AS src_part, v.click_time AS click_time, toStartOfMinute(v.click_time) AS minute," +
		" v.click_id AS click_id, v.txid AS txid, v.kind AS kind, v.status AS status," +
		" v.revenue_micros AS revenue_micros, v.revenue_currency AS revenue_currency, v.timestamp AS timestamp," +
		" c.campaign_id AS campaign_id, c.ad_id AS ad_id, c.advertiser_id AS advertiser_id, c.publisher_id AS publisher_id," +
		" c.ts_id AS ts_id, c.country AS country, c.region AS region, c.device_type AS device_type," +
		" c.disposition AS disposition, c.status AS click_status, c.external_id AS external_id" +
		" FROM " + ConversionsOnce(db, timeRange("click_time", from, to)) + " AS v" +
		// Only clicks that converted go into the join: the lookup holds every click.
		" INNER JOIN (SELECT * FROM " + Quote(db) + ".click_lookup FINAL WHERE " + timeRange("hour", floorHour(from), to) +
		" AND (hour, event_id) IN (SELECT toStartOfHour(click_time), click_id FROM " + Quote(db) + ".conversions WHERE " +
		timeRange("click_time", from, to) + ")) AS c" +
		" ON v.click_id = c.event_id AND v.campaign_id = c.campaign_id WHERE c.disposition != 'Test')"
}

// CompleteUntil selects complete_until (DateTime64(3), the lowest of the given generation's
// partitions) and dirty (UInt64, minutes that wait to be computed again for what came late). As long
// as fewer than partitions have reported, complete_until is 1970.
func CompleteUntil(db string, generation, partitions uint32) string {
	return "SELECT if(count() < " + strconv.FormatUint(uint64(partitions), 10) +
		", toDateTime64(0, 3, 'UTC'), min(complete_until)) AS complete_until, sum(dirty) AS dirty FROM " +
		Quote(db) + ".progress FINAL WHERE bitShiftRight(src_part, 16) = " + strconv.FormatUint(uint64(generation), 10)
}

// timeRange is a condition from <= column < to, in ms; a zero time leaves its side open.
func timeRange(column string, from, to time.Time) string {
	var terms []string
	if !from.IsZero() {
		terms = append(terms, column+" >= "+instant(from))
	}
	if !to.IsZero() {
		terms = append(terms, column+" < "+instant(to))
	}
	if terms == nil {
		return "1"
	}
	return strings.Join(terms, " AND ")
}

func instant(t time.Time) string {
	if t.Nanosecond() == 0 {
		return "toDateTime(" + strconv.FormatInt(t.Unix(), 10) + ", 'UTC')"
	}
	return "fromUnixTimestamp64Milli(" + strconv.FormatInt(t.UnixMilli(), 10) + ", 'UTC')"
}

func floorMinute(t time.Time) time.Time { return truncate(t, time.Minute) }

func floorHour(t time.Time) time.Time { return truncate(t, time.Hour) }

func ceilMinute(t time.Time) time.Time {
	if floor := floorMinute(t); !floor.Equal(t) {
		return floor.Add(time.Minute)
	}
	return t
}

func truncate(t time.Time, d time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Truncate(d)
}
