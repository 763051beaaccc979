// Package grow decides when the events of a pipeline go to another set of partitions (design 6.2). It
// is pure: who publishes a catalog asks it, and announces what it says.
package grow

import (
	"fmt"
	"math"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// An announcement must be ahead of the events that it speaks of: the first copy of an event may not be
// counted in the old generation while its retry is sent to the new one. These bounds and the time by
// which an event may be ahead of the clock (spec.accept.maxAhead) make up the lead.
const (
	// PublishWithin bounds the time from choosing a start until the announcement can be read, or never
	// will be: the timeout of the publisher's transaction.
	PublishWithin = 30 * time.Second
	// KnownWithin is how old a catalog may be for the log to be judged by it: who knows of a generation
	// later counts nothing until then.
	KnownWithin = 30 * time.Second
	// ClockSkew is how much the clocks of the machines of a pipeline may differ.
	ClockSkew = 30 * time.Second
)

// Lead is how long before its start a generation is announced.
func Lead(maxAhead time.Duration) time.Duration {
	return maxAhead + PublishWithin + KnownWithin + ClockSkew
}

// Plan is what another generation is derived from.
type Plan struct {
	On         catalog.Generations // announced so far, at least one
	Partitions uint32              // wanted
	Now        time.Time
	Newest     time.Time     // of the events loaded so far: one from a clock that is ahead starts it later
	MaxAhead   time.Duration // by which an event may be ahead of a clock
}

// Wanted says whether so many partitions make another generation. They never become fewer: what would
// be saved is little, and a conversion is counted in the partition of its click.
func Wanted(on catalog.Generations, partitions uint32) bool {
	return len(on) > 0 && partitions > on[len(on)-1].GetPartitions()
}

// Next is the generation to announce after number, without its topic, nil when none is wanted. Once
// announced it is never changed: asked again, there is nothing to announce.
func (p *Plan) Next() (*catalogpb.Generation, error) {
	if !Wanted(p.On, p.Partitions) {
		return nil, nil
	}
	last := p.On[len(p.On)-1]
	if last.GetNumber() == math.MaxUint16 {
		return nil, fmt.Errorf("generation %d is the last that a pipeline can have: start another pipeline", last.GetNumber())
	}
	start := p.Now
	if p.Newest.After(start) {
		start = p.Newest
	}
	if begun := time.UnixMilli(last.GetStartMs()); begun.After(start) {
		start = begun
	}
	return &catalogpb.Generation{
		Number: last.GetNumber() + 1, Partitions: p.Partitions, StartMs: start.Add(Lead(p.MaxAhead)).UnixMilli(),
	}, nil
}
