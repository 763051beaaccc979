package ledger

import (
	"fmt"
	"time"
)

// Status of a verdict, as conditions have it.
const (
	True    = "True"
	False   = "False"
	Unknown = "Unknown"
)

// BalancedReason is the reason of a verdict that nothing speaks against.
const BalancedReason = "Balanced"

// Verdict is the condition Balanced.
type Verdict struct {
	Status  string `json:"status"`
	Reason  string `json:"reason"` // BalancedReason or a Kind
	Message string `json:"message"`
}

func (v Verdict) String() string {
	return fmt.Sprintf("balanced: %s (%s) %s", v.Status, v.Reason, v.Message)
}

// Report is one judgement of a period.
type Report struct {
	Period  Period    `json:"period"`
	At      time.Time `json:"at"` // when it began
	Took    string    `json:"took"`
	Verdict Verdict   `json:"balanced"`
	Parts   []*Part   `json:"partitions"`
	Boots   []Boot    `json:"boots"`
	Gaps    *Gaps     `json:"gaps"`
	// Counts are all figures on both sides, by hour, advertiser, campaign and column.
	Counts   []Count   `json:"counts"`
	Findings []Finding `json:"findings"`
	took     time.Duration
}

// maxMessage bounds the message of a condition (style 3).
const maxMessage = 256

// verdictOf comes to a verdict: a difference weighs more than what is not known yet.
func verdictOf(p Period, findings []Finding) Verdict {
	for _, v := range []struct {
		status  string
		differs bool
	}{{False, true}, {Unknown, false}} {
		var first *Finding
		n := 0
		for i := range findings {
			if findings[i].Kind.differs() == v.differs {
				if n++; first == nil {
					first = &findings[i]
				}
			}
		}
		if first != nil {
			return Verdict{Status: v.status, Reason: string(first.Kind), Message: message(first.Message, n-1)}
		}
	}
	return Verdict{Status: True, Reason: BalancedReason, Message: fmt.Sprintf("everything from %s is loaded, computed and counted once", p)}
}

// message is a finding with the number of others, cut to what a condition holds.
func message(first string, others int) string {
	rest := ""
	if others > 0 {
		rest = fmt.Sprintf(" (and %d more)", others)
	}
	if room := maxMessage - len(rest); len(first) > room {
		first = first[:room-3] + "..."
	}
	return first + rest
}
