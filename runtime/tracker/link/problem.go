package link

import (
	"fmt"

	"github.com/clicktally/clicktally/runtime/event"
)

// Kind says why a parameter of a link could not be taken. The visitor is redirected all the same.
type Kind uint8

// Kinds. The zero Kind is no problem.
const (
	Macro         Kind = iota + 1 // a value is an unexpanded macro: counts as missing
	Repeated                      // a parameter is stated again: the first wins
	ID                            // an id is too long or outside the alphabet: dropped
	Text                          // a text is too long or not UTF-8: dropped
	Number                        // not a number: dropped
	Amount                        // an amount that cannot be read: dropped
	Encoding                      // a percent escape is broken: dropped
	TooMany                       // more than maxParameters: the rest is ignored
	CostUnmapped                  // cost without a mapping of the traffic source: dropped
	SourceUnknown                 // ts_id names no source of the campaign
	ClickID                       // a click id of ours with a wrong MAC
	Kinds                         // one more than the last kind
)

var names = [Kinds]string{
	Macro: "Macro", Repeated: "Repeated", ID: "ID", Text: "Text", Number: "Number", Amount: "Number", Encoding: "Encoding",
	TooMany: "TooMany", CostUnmapped: "CostUnmapped", SourceUnknown: "SourceUnknown", ClickID: "ClickID",
}

// Name returns the name under which problems of the kind are counted; an Amount counts as a Number.
func (k Kind) Name() string { return names[k] }

// Problem is a parameter that could not be taken, and why.
type Problem struct {
	Kind      Kind
	Parameter string // as the link names it; empty for TooMany
	Value     string // what it states, of a Macro
	Limit     int    // bytes that a Text may have
}

// Message tells the author of the link what was wrong and what becomes of the parameter.
func (p *Problem) Message() string {
	switch p.Kind {
	case Macro:
		return fmt.Sprintf("%q looks like a macro that was not expanded: counts as missing", p.Value)
	case Repeated:
		return "is stated again: the first one counts"
	case ID:
		return "is not an id of 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -: dropped"
	case Text:
		return fmt.Sprintf("is not text of at most %d bytes: dropped", p.Limit)
	case Number:
		return "is not a number: dropped"
	case Amount:
		return "is not an amount such as 0.50, at most " + event.FormatMicros(event.MaxCostMicros) + ": dropped"
	case Encoding:
		return "a percent escape is broken: the parameter is dropped"
	case TooMany:
		return fmt.Sprintf("more than %d parameters: the rest is ignored", maxParameters)
	case CostUnmapped:
		return "a cost counts only where the traffic source (ts_id) maps a parameter to it: dropped"
	case SourceUnknown:
		return "names no traffic source of the campaign: its parameters are not mapped"
	case ClickID:
		return "is no click id of ours: the step is not counted"
	}
	return ""
}

// maxProblems bounds the problems that are kept of one link.
const maxProblems = 256

// Problems are those of one link, in the order in which they were met.
type Problems []Problem

// Add keeps a problem, up to maxProblems.
func (list *Problems) Add(p Problem) {
	if len(*list) < maxProblems {
		*list = append(*list, p)
	}
}
