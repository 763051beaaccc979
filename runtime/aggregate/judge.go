package aggregate

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// Reasons of dead letters; names are final (header `reason`, metric label).
const (
	reasonPoison         = "Poison"         // not a record that can be counted
	reasonTooLate        = "TooLate"        // older than raw retention when it was logged
	reasonTooEarly       = "TooEarly"       // further ahead of the log's clock than any clock may be
	reasonWrongPartition = "WrongPartition" // made for another place of the log
)

// maxAhead bounds how far an event's time may be ahead of its Kafka timestamp. Trackers refuse far
// less; beyond it a clock is broken.
const maxAhead = 24 * time.Hour

// judged is one record of the log: a row, or a reason why it cannot be one.
type judged struct {
	row    store.Row
	reason string // of a dead letter; empty for a row
}

// errNeedsUpgrade stops a partition at a record of a newer format: it is no dead letter.
var errNeedsUpgrade = errors.New("a record of a newer format needs a newer aggregator")

// judge decodes a record into e and decides its fate, from the record and its place alone, so that
// every reader of the log decides alike. err is nil or errNeedsUpgrade.
func judge(record *kgo.Record, part event.SrcPart, rawDays int, e *event.Event) (judged, error) {
	if err := event.Decode(record.Value, e); err != nil {
		if errors.Is(err, event.ErrNewerFormat) {
			return judged{}, errNeedsUpgrade
		}
		return judged{reason: reasonPoison}, nil
	}
	logged := record.Timestamp.UnixMilli()
	switch {
	case event.SrcPart(e.SrcPart) != part:
		return judged{reason: reasonWrongPartition}, nil
	case e.Timestamp < logged-int64(rawDays)*24*time.Hour.Milliseconds():
		return judged{reason: reasonTooLate}, nil
	case e.Timestamp > logged+maxAhead.Milliseconds():
		return judged{reason: reasonTooEarly}, nil
	}
	return judged{row: store.Row{SrcPart: part, Offset: uint64(record.Offset), Logged: logged, Event: e}}, nil
}
