package aggregate

import (
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
)

// Fate says where a sound event that is logged now counts, by the rules of judge; reason is why it still
// cannot be counted, empty when it can.
func Fate(e *event.Event, generations catalog.Generations, rawDays int, logged time.Time) (topic string, partition int32, reason string) {
	at, known := home(e, generations)
	switch {
	case e.Timestamp < logged.AddDate(0, 0, -rawDays).UnixMilli():
		return "", 0, reasonTooLate
	case e.Timestamp > logged.Add(maxAhead).UnixMilli():
		return "", 0, reasonTooEarly
	case !known:
		return "", 0, reasonWrongPartition
	}
	return at.topic, at.number, ""
}
