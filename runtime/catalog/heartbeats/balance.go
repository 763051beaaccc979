package heartbeats

import (
	"maps"
	"slices"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

const (
	// BalanceEvery is how often an aggregator repeats its judgement.
	BalanceEvery = 5 * time.Second
	// balanceHolds is how long a judgement counts that nobody repeats.
	balanceHolds = time.Minute
)

// Balance is what the aggregators of a pipeline found out by recounting, as the condition Balanced.
type Balance struct{ Status, Reason, Message string }

// judgement is what one aggregator found out last.
type judgement struct {
	Balance
	heard time.Time
}

// judgements are those of the aggregators, by pod.
type judgements map[string]judgement

func (j judgements) hear(h *event.Heartbeat, now time.Time) {
	b := h.GetBalance()
	j[h.GetPod()] = judgement{Balance{b.GetStatus(), b.GetReason(), b.GetMessage()}, now}
}

// latest is what counts of all: one difference is one, and one judgement is enough. The zero Balance is none.
func (j judgements) latest(now time.Time) Balance {
	maps.DeleteFunc(j, func(_ string, one judgement) bool { return now.Sub(one.heard) > balanceHolds })
	for _, status := range []string{"False", "True", "Unknown"} {
		for _, pod := range slices.Sorted(maps.Keys(j)) {
			if j[pod].Status == status {
				return j[pod].Balance
			}
		}
	}
	return Balance{}
}
