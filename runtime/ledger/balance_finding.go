package ledger

import (
	"fmt"
	"strconv"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// Kind says what a finding is about. The names are final: reasons of conditions and of reports.
type Kind string

// Kinds that make a period unbalanced: something differs.
const (
	// RawMissing: a manifest says that more offsets were loaded than raw holds.
	RawMissing Kind = "RawMissing"
	// ManifestMissing: later offsets of a partition are loaded, these are not.
	ManifestMissing Kind = "ManifestMissing"
	// OffsetsUnexplained: a manifest covers offsets that are neither rows nor dead letters.
	OffsetsUnexplained Kind = "OffsetsUnexplained"
	// LogLost: records were never loaded and the log does not have them any more, or it is another log.
	LogLost Kind = "LogLost"
	// ClicksLost: settled counters that are neither in raw, nor voided, nor in a journal.
	ClicksLost Kind = "ClicksLost"
	// MarkWithoutRows: a mark whose minute rows are not there, or are not those it was written for.
	MarkWithoutRows Kind = "MarkWithoutRows"
	// CountsDiffer: a naive count of raw and the minute rows disagree.
	CountsDiffer Kind = "CountsDiffer"
)

// Kinds that leave a period undecided: something is not known yet.
const (
	// LogUnknown: Kafka does not say where a partition ends.
	LogUnknown Kind = "LogUnknown"
	// NotLoaded: the log goes further than the load.
	NotLoaded Kind = "NotLoaded"
	// MinutesDirty: minutes wait to be computed again.
	MinutesDirty Kind = "MinutesDirty"
	// JournalOpen: a boot has events in its journal, or went silent with one.
	JournalOpen Kind = "JournalOpen"
	// BootUnheard: raw holds events of a boot that never reported: what else it had is not known.
	BootUnheard Kind = "BootUnheard"
	// RawExpired: the period is older than raw is kept whole for.
	RawExpired Kind = "RawExpired"
	// CountsMoved: minutes were computed again under the comparison each time it was tried.
	CountsMoved Kind = "CountsMoved"
)

// differs says whether a finding is a difference rather than something not known yet.
func (k Kind) differs() bool {
	switch k {
	case RawMissing, ManifestMissing, OffsetsUnexplained, LogLost, ClicksLost, MarkWithoutRows, CountsDiffer:
		return true
	}
	return false
}

// Finding names one thing that keeps a period from being balanced. Only what applies is set.
type Finding struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"` // one sentence with everything below
	// Part is generation/partition.
	Part string `json:"part,omitempty"`
	// Boot is the boot id in hex, Pod its name.
	Boot string `json:"boot,omitempty"`
	Pod  string `json:"pod,omitempty"`
	// Offsets or counters concerned.
	Range *Range `json:"range,omitempty"`
	// From and To bound the time concerned.
	From *time.Time `json:"from,omitempty"`
	To   *time.Time `json:"to,omitempty"`
	// Key and column of a count that differs, raw on one side and stored rows on the other.
	Advertiser *string `json:"advertiser_id,omitempty"`
	Campaign   *string `json:"campaign_id,omitempty"`
	Column     string  `json:"column,omitempty"` // with the currency of an amount, in micros
	Raw        *int64  `json:"raw,omitempty"`
	Stored     *int64  `json:"stored,omitempty"`
}

// Range is a run of offsets or counters, both ends included.
type Range struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Count is how many there are.
func (r Range) Count() uint64 { return r.Last - r.First + 1 }

func (r Range) String() string {
	if r.First == r.Last {
		return strconv.FormatUint(r.First, 10)
	}
	return fmt.Sprintf("%d to %d", r.First, r.Last)
}

// of is the range with its verb: offset 5 is, offsets 5 to 9 are.
func (r Range) of(what string) string {
	if r.First == r.Last {
		return what + " " + r.String() + " is"
	}
	return what + "s " + r.String() + " are"
}

// partName is how a src_part is read: generation/partition.
func partName(part uint32) string {
	p := event.SrcPart(part)
	return fmt.Sprintf("%d/%d", p.Generation(), p.Partition())
}

// bootName is a boot id as people read it.
func bootName(id uint64) string { return fmt.Sprintf("%016x", id) }

// clock is a time in a message.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
