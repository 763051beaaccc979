// Package failpoint names the steps at which a process may be killed, stopped or refused while its
// counts must stay exact (design 6.3, 6.4). In an ordinary build Hit does nothing and costs nothing;
// a build with the tag `failpoints` does what the environment asks for. test/faults drives it.
package failpoint

// The steps. A name is <package>/<effect>/<before or after>; Steps lists them all.
const (
	JournalFsyncBefore     = "journal/fsync/before"
	JournalFsyncAfter      = "journal/fsync/after"
	JournalProduceBefore   = "journal/produce/before"
	JournalProduceAfter    = "journal/produce/after"
	AggregateRawBefore     = "aggregate/raw/before"
	AggregateRawAfter      = "aggregate/raw/after"
	AggregateManifestAfter = "aggregate/manifest/after"
	AggregateMinutesBefore = "aggregate/minutes/before"
	AggregateMinutesAfter  = "aggregate/minutes/after"
	AggregateMarksAfter    = "aggregate/marks/after"
	AggregateLiveBefore    = "aggregate/live/before"
	AggregateLiveAfter     = "aggregate/live/after"
)

// Steps is every step at which Hit is called, in the order in which an event meets them.
var Steps = []string{
	JournalFsyncBefore, JournalFsyncAfter, JournalProduceBefore, JournalProduceAfter,
	AggregateRawBefore, AggregateRawAfter, AggregateManifestAfter,
	AggregateMinutesBefore, AggregateMinutesAfter, AggregateMarksAfter,
	AggregateLiveBefore, AggregateLiveAfter,
}
