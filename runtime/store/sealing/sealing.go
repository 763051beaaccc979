// Package sealing is what a process that seals periods tells the operator: a short text that fits into the termination
// message of its pod.
package sealing

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxBytes is what Kubernetes keeps of a termination message.
const MaxBytes = 4096

// Bounds that keep the text below MaxBytes, also where every byte of a message is escaped to two.
const (
	maxMessage = 600
	maxNames   = 12
)

// Outcome is what one run came to.
type Outcome struct {
	// SealedPeriods of the schedule that have a revision now, those of earlier runs included.
	SealedPeriods int32 `json:"sealedPeriods"`
	// LastRevision was made last of all, such as 2026-10@Europe/Berlin-1, at LastSealTime; empty: there is none.
	LastRevision string    `json:"lastRevision,omitempty"`
	LastSealTime time.Time `json:"lastSealTime,omitzero"`
	// Created are the revisions of this run, the newest ones where there are many.
	Created []string `json:"created,omitempty"`
	// Refused is the first period that is due and could not be sealed, Why what is in the way, and RefusedPeriods
	// how many there are.
	Refused        string `json:"refused,omitempty"`
	RefusedPeriods int32  `json:"refusedPeriods,omitempty"`
	Why            string `json:"why,omitempty"`
	// Expired is the first period without a revision of whose raw some has expired.
	Expired string `json:"expired,omitempty"`
	// Error is why the run ended before it had looked at every period, or before it knew any of the above.
	Error string `json:"error,omitempty"`
}

// Encode returns at most MaxBytes: long messages are cut, and of many names the last remain.
func (o Outcome) Encode() ([]byte, error) {
	o.Why, o.Error = cut(o.Why), cut(o.Error)
	if n := len(o.Created); n > maxNames {
		o.Created = o.Created[n-maxNames:]
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encode the outcome: %w", err)
	}
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the outcome has %d bytes, and Kubernetes keeps %d", len(text), MaxBytes)
	}
	return text, nil
}

// cut shortens a text and leaves out what JSON writes as six bytes.
func cut(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == '<' || r == '>' || r == '&' || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, text)
	if len(text) > maxMessage {
		text = text[:maxMessage-len("...")] + "..."
	}
	return strings.ToValidUTF8(text, "")
}

// Parse reads what Encode wrote.
func Parse(text string) (Outcome, error) {
	o := Outcome{}
	if text == "" {
		return o, errors.New("the process left no outcome")
	}
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return Outcome{}, fmt.Errorf("read the outcome: %w", err)
	}
	return o, nil
}
