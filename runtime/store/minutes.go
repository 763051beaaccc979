package store

import (
	_ "embed"
	"strconv"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// MaxStated is how many combinations of visitor-stated ad, publisher and ts_id a (minute, src_part,
// campaign) keeps apart; later ones in log order count under event.FoldedValue.
const MaxStated = 4096

// Cut names one minute of one src_part and the raw it is computed over: offsets below Offset.
type Cut struct {
	SrcPart event.SrcPart
	Minute  int64 // unix seconds, a multiple of 60
	Offset  uint64
}

// Ver orders computations of a minute: within an epoch the longer prefix of the log is the higher.
func Ver(epoch uint16, offset uint64) uint64 { return uint64(epoch)<<48 | offset }

// VerOffset is the cut of a ver.
func VerOffset(ver uint64) uint64 { return ver & (1<<48 - 1) }

// VerEpoch is the epoch of a ver.
func VerEpoch(ver uint64) uint16 { return uint16(ver >> 48) }

// zeroesInJoins ends a statement that takes what has no partner in a join for 0: a server's profile
// may ask for NULL, with which every comparison is false.
const zeroesInJoins = " SETTINGS join_use_nulls = 0"

//go:embed minutes.sql
var minutesSQL string

//go:embed minutes_guarded.sql
var guardedSQL string

//go:embed minutes_restated.sql
var restatedSQL string

//go:embed marks.sql
var marksSQL string

// minuteColumns are those of table minutes in the order in which both endings of minutes.sql yield them.
const minuteColumns = "src_part, minute, campaign_id, ad_id, advertiser_id, publisher_id, ts_id, country, region, device_type," +
	" price_currency, cost_currency, ver, impressions, page_views, click_throughs, bounces, conversions," +
	" clicks_valid, clicks_suspicious, clicks_fraudulent, clicks_test, clicks_closed, clicks_duplicate, duplicates," +
	" spend_valid, spend_suspicious, spend_fraudulent, cost"

// oneBlock ends a statement that writes minute rows: all rows of one minute lie in one block and one
// partition, so they become visible together.
const oneBlock = "SETTINGS max_insert_threads = 1, min_insert_block_size_rows = 1000000000000, min_insert_block_size_bytes = 0," +
	" insert_deduplicate = 0, async_insert = 0, join_use_nulls = 0"

// InsertMinutes computes and writes the rows of several minutes in one statement. A minute that is
// marked at its cut or above writes nothing, nor does one whose totals would fall below its mark,
// whatever the epochs: only RestateMinutes goes down. stated is MaxStated, lower in tests.
func InsertMinutes(db string, epoch uint16, stated int, cuts []Cut) string {
	return strings.ReplaceAll(insertMinutes, "{db}", Quote(db)) + minuteQuery(guardedSQL, db, epoch, stated, cuts) + oneBlock
}

// RestateMinutes is InsertMinutes without the guard: totals may fall, and what is counted now and no
// raw explains any more is written as zeros. epoch is above that of every mark.
func RestateMinutes(db string, epoch uint16, stated int, cuts []Cut) string {
	return strings.ReplaceAll(insertMinutes, "{db}", Quote(db)) + RestatedMinutes(db, epoch, stated, cuts) + oneBlock
}

// RestatedMinutes selects the rows, by the columns of table minutes, that RestateMinutes would write.
func RestatedMinutes(db string, epoch uint16, stated int, cuts []Cut) string {
	return minuteQuery(restatedSQL, db, epoch, stated, cuts)
}

const insertMinutes = "INSERT INTO {db}.minutes (" + minuteColumns + ")\n"

func minuteQuery(ending, db string, epoch uint16, stated int, cuts []Cut) string {
	return strings.NewReplacer(
		"{db}", Quote(db), "{keys}", keyList(cuts), "{cuts}", cutList(cuts),
		"{epoch}", strconv.Itoa(int(epoch)), "{fold}", strconv.Itoa(stated),
	).Replace(minutesSQL + ending)
}

// InsertMarks marks the rows that InsertMinutes wrote; it runs after it.
func InsertMarks(db string, now time.Time, cuts []Cut) string {
	return strings.NewReplacer(
		"{db}", Quote(db), "{keys}", keyList(cuts), "{now}", strconv.FormatInt(now.UnixMilli(), 10),
	).Replace(marksSQL)
}

// SelectMarks reads src_part, minute (unix seconds, Int64) and ver of the marks of cuts.
func SelectMarks(db string, cuts []Cut) string {
	return "SELECT src_part, toInt64(toUnixTimestamp(minute)), max(ver) FROM " + Quote(db) + ".marks" +
		" WHERE (src_part, minute) IN (" + keyList(cuts) + ") GROUP BY src_part, minute"
}

func keyList(cuts []Cut) string {
	return tuples(cuts, func(b []byte, c Cut) []byte {
		b = strconv.AppendUint(b, uint64(c.SrcPart), 10)
		b = append(b, ", toDateTime("...)
		b = strconv.AppendInt(b, c.Minute, 10)
		return append(b, ", 'UTC')"...)
	})
}

func cutList(cuts []Cut) string {
	return tuples(cuts, func(b []byte, c Cut) []byte {
		b = strconv.AppendUint(b, uint64(c.SrcPart), 10)
		b = append(b, ", "...)
		b = strconv.AppendInt(b, c.Minute, 10)
		b = append(b, ", "...)
		return strconv.AppendUint(b, c.Offset, 10)
	})
}

func tuples[T any](list []T, one func([]byte, T) []byte) string {
	var b []byte
	for i, c := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(one(append(b, '('), c), ')')
	}
	return string(b)
}
