package journal

import (
	"errors"
	"fmt"
	"time"
)

// Policy says what makes an event durable.
type Policy uint8

// The policies.
const (
	// Race waits for Kafka within the budget, else for the journal.
	Race Policy = iota
	// Kafka waits for Kafka only. Without a journal it is the policy, whatever was asked for.
	Kafka
	// Journal writes every event to the journal first.
	Journal
)

// WhenFull says what becomes of an event that neither Kafka nor the journal took.
type WhenFull uint8

// What may become of it.
const (
	// RedirectUnbilled makes it ErrUnbilled: the visitor goes on, the click is counted as unbilled.
	RedirectUnbilled WhenFull = iota
	// Reject makes it an error like any other: 503.
	Reject
)

// DefaultBudget is how long Race waits for Kafka.
const DefaultBudget = 25 * time.Millisecond

// Ack says when an event counts as accepted. The zero value is Race within DefaultBudget.
type Ack struct {
	Policy   Policy
	Budget   time.Duration // of Race; zero: DefaultBudget
	WhenFull WhenFull
}

var policies = map[string]Policy{"Race": Race, "Kafka": Kafka, "Journal": Journal}

// ParsePolicy reads Race, Kafka or Journal; empty is Race.
func ParsePolicy(text string) (Policy, error) {
	p, ok := policies[text]
	if !ok && text != "" {
		return 0, fmt.Errorf("ack policy is %q: it is Race, Kafka or Journal", text)
	}
	return p, nil
}

// ParseWhenFull reads RedirectUnbilled or Reject; empty is RedirectUnbilled.
func ParseWhenFull(text string) (WhenFull, error) {
	switch text {
	case "", "RedirectUnbilled":
		return RedirectUnbilled, nil
	case "Reject":
		return Reject, nil
	}
	return 0, fmt.Errorf("a full journal is answered by %q: it is RedirectUnbilled or Reject", text)
}

// Errors of Accept. All of them mean: not promised to anyone. With ErrUnbilled a visitor is redirected
// all the same; with all others the answer is 503.
var (
	// ErrOverloaded says that a bound was reached; nothing was sent.
	ErrOverloaded = errors.New("too many events wait for the log")
	// ErrTimeout says that nothing told in time that the event is durable; it may still land.
	ErrTimeout = errors.New("the log did not acknowledge in time")
	// ErrRefused says that the log did not take the event and never will.
	ErrRefused = errors.New("the log did not take the event")
	// ErrClosed says that the accepter is shutting down.
	ErrClosed = errors.New("journal is closed")
	// ErrNoGeneration says that the catalog announces no topic for the event's time.
	ErrNoGeneration = errors.New("no generation of event topics for this time")
	// ErrUnbilled says that the event will not be billed because nothing could take it, and that the
	// visitor is to be redirected (RedirectUnbilled). It comes together with one of the others.
	ErrUnbilled = errors.New("neither Kafka nor the journal took the event")
)

// refused wraps the reason of franz-go or of the journal.
func refused(err error) error { return fmt.Errorf("%w: %w", ErrRefused, err) }

// SetAck changes the policy for the events to come.
func (a *Accepter) SetAck(ack Ack) {
	if ack.Budget <= 0 {
		ack.Budget = DefaultBudget
	}
	if a.disk == nil {
		ack.Policy, ack.WhenFull = Kafka, Reject
	}
	if now := a.ack.Load(); now == nil || *now != ack {
		a.ack.Store(&ack)
	}
}

// turnedAway is what the caller of an event that was not made durable is told.
func (a *Accepter) turnedAway(err error) error {
	if a.ack.Load().WhenFull != RedirectUnbilled || errors.Is(err, ErrClosed) || errors.Is(err, ErrNoGeneration) {
		return err
	}
	a.unbilled.Add(1)
	return fmt.Errorf("%w: %w", ErrUnbilled, err)
}
