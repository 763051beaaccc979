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
	// newestHolds is how long an answer about the newest event counts: three reports.
	newestHolds = 3 * BalanceEvery
)

// Balance is what the aggregators of a pipeline found out by recounting, as the condition Balanced.
type Balance struct{ Status, Reason, Message string }

// judgement is what one aggregator found out last.
type judgement struct {
	Balance
	newest int64 // ms, 0: no loaded event is ahead of the clock
	asked  bool  // newest is known
	heard  time.Time
}

// judgements are those of the aggregators, by pod.
type judgements map[string]judgement

func (j judgements) hear(h *event.Heartbeat, now time.Time) {
	b := h.GetBalance()
	j[h.GetPod()] = judgement{
		Balance: Balance{b.GetStatus(), b.GetReason(), b.GetMessage()},
		newest:  h.GetNewest().GetAt(), asked: h.GetNewest() != nil, heard: now,
	}
}

// newest is what counts of all: the latest. A clock that was ahead of ours is taken to be as far ahead now.
func (j judgements) newest(now time.Time) newest {
	found := newest{}
	for _, one := range j {
		age := now.Sub(one.heard)
		if !one.asked || age > newestHolds {
			continue
		}
		found.known = true
		if one.newest > 0 {
			found.ahead = max(found.ahead, time.UnixMilli(one.newest).Sub(one.heard))
		}
	}
	return found
}

// newest is what is known of the newest event.
type newest struct {
	known bool
	ahead time.Duration // of the clock of who follows, at least 0
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
