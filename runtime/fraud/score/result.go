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
	// Reasons are in the order of their codes; nil when there is none. Points are the higher of both
	// policies. Counted is the reason's part of Score: 0 when another of its family counted more, and
	// in sum at least Score, because that ends at 100.
	Reasons []*event.ReasonPoints
}

// allowed is the verdict on a click whose address the tracker allows: 0, whatever else is known. A
// mark stays, because it makes no points.
func allowed(s *signal.Signals) Result {
	marks := judgement{status: event.Status_STATUS_VALID}
	if s.RateLimited {
		marks.found.add(event.Reason_REASON_RATE_LIMITED)
	}
	r := marks.result()
	r.Allowed = true
	return r
}

func (j *judgement) result() Result {
	r := Result{Status: j.status, Score: j.score}
	if j.found == 0 {
		return r
	}
	n := j.found.len()
	values := make([]event.ReasonPoints, n)
	r.Reasons = make([]*event.ReasonPoints, 0, n)
	for reason := range j.found.all() {
		v := &values[len(r.Reasons)]
		v.Reason, v.Points, v.Counted = reason, j.points[reason], j.counted[reason]
		r.Reasons = append(r.Reasons, v)
	}
	return r
}
