package aggregate

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
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

// rules are what a record is judged by, beside itself and its place.
type rules struct {
	rawDays     int
	generations catalog.Generations
}

// judged is one record of the log: a row, or where else it counts, or a reason why it cannot.
type judged struct {
	row    store.Row
	move   topicPartition // of another generation's topic; zero for a row
	reason string         // of a dead letter; empty for a row
}

func (j *judged) counts() bool { return j.reason == "" && j.move.topic == "" }

// errNeedsUpgrade stops a partition at a record of a newer format: it is no dead letter.
var errNeedsUpgrade = errors.New("a record of a newer format needs a newer aggregator")

// judge decodes a record and decides its fate, from the record, its place and what is announced ahead of
// time, so that every reader of the log decides alike. What it returns is valid until the decoder's next
// record. err is nil or errNeedsUpgrade.
func judge(record *kgo.Record, part event.SrcPart, r rules, decoder *event.Decoder) (judged, error) {
	e, err := decoder.Decode(record.Value)
	if err != nil {
		if errors.Is(err, event.ErrNewerFormat) {
			return judged{}, errNeedsUpgrade
		}
		return judged{reason: reasonPoison}, nil
	}
	logged := record.Timestamp.UnixMilli()
	switch {
	case e.Timestamp < logged-int64(r.rawDays)*24*time.Hour.Milliseconds():
		return judged{reason: reasonTooLate}, nil
	case e.Timestamp > logged+maxAhead.Milliseconds():
		return judged{reason: reasonTooEarly}, nil
	}
	at, known := home(e, r.generations)
	switch {
	case !known || at.topic == record.Topic && at.number != int32(part.Partition()):
		return judged{reason: reasonWrongPartition}, nil
	case at.topic != record.Topic:
		return judged{move: at}, nil
	}
	return judged{row: store.Row{SrcPart: part, Offset: uint64(record.Offset), Logged: logged, Event: e}}, nil
}
