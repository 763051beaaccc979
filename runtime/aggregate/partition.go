package aggregate

import (
	"strconv"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// Condition says why a partition is stopped. Only an operator's decision starts it again.
type Condition string

// Conditions of a stopped partition; names are final (metric label, readiness report).
const (
	ConditionNone          Condition = ""
	ConditionNeedsUpgrade  Condition = "NeedsUpgrade"  // a record of a newer format
	ConditionTopicReplaced Condition = "TopicReplaced" // the topic has another id than the manifests say
	ConditionLogTruncated  Condition = "LogTruncated"  // the log begins above the load position
	ConditionLogRewound    Condition = "LogRewound"    // the log ends below the load position
)

// partition is all that a worker knows of one assigned partition. Only the worker's loop touches it.
type partition struct {
	part event.SrcPart
	topicPartition
	stopped Condition
	asked   time.Time // when a stopped one last looked for a recovery

	// Live half: every record below liveNext is in panes (or before them).
	liveNext int64
	panes    *panes
	asOf     time.Time
	rewrite  bool // all open panes must be written again
	history  bool // minute rows of the last hours must be written again

	// Load half, once ClickHouse answered: records below loaded are under a manifest, those below
	// loadNext are under one or buffered. together: the live half's records feed the load too.
	known    bool
	loaded   uint64
	loadNext int64
	together bool
	topicID  [16]byte // of the topic that is being read
	shift    int64    // what makes a src_off, which all offsets here are, out of an offset of the log
	lost     uint64   // end of the last Lost manifest when the partition was opened
	reading  bool     // the catch-up reader is at loadNext

	minutes  *schedule
	reviewed time.Time // when the marks were last looked at
	progress progress
}

// String is for logs.
func (p *partition) String() string { return p.topic + "/" + strconv.Itoa(int(p.number)) }

// labels are those of metrics: generation and partition.
func (p *partition) labels() (generation, number string) {
	return strconv.FormatUint(uint64(p.part.Generation()), 10), strconv.FormatUint(uint64(p.part.Partition()), 10)
}

// takes says whether the load half wants the record at offset from the live half's reader.
func (p *partition) takes(offset int64) bool {
	return p.known && p.together && offset >= p.loadNext
}

// fallBehind lets the live half go on alone; the load reads again from its own position.
func (p *partition) fallBehind() { p.together = false }

// meet joins the halves again when the load has caught up.
func (p *partition) meet() bool {
	if p.known && !p.together && p.loadNext >= p.liveNext {
		p.together = true
		return true
	}
	return false
}

// know takes in what ClickHouse says is loaded.
func (p *partition) know(loaded *store.Loaded, pace pace) {
	p.known, p.loaded, p.loadNext = true, loaded.Position, int64(loaded.Position)
	p.minutes = newSchedule(pace, loaded.Dirty)
	p.progress.until = loaded.CompleteUntil
	p.together = p.loadNext >= p.liveNext
}

// flushed takes in that a manifest up to `to` was written.
func (p *partition) flushed(m *store.Manifest) {
	p.loaded = max(p.loaded, m.To)
	p.minutes.touch(m.Minutes, m.To)
}
