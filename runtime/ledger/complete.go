package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// maxFindings bounds how many findings of one kind a report names; the rest is counted.
const maxFindings = 100

// backdated bounds how much older than its acceptance an event may be dated (design 8: maxAge is at
// most 30 days), with a day for clocks.
const backdated = 31 * 24 * time.Hour

// Period is a range of event time, [From, To), whole minutes.
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (p Period) String() string { return clock(p.From) + " to " + clock(p.To) }

// Part is one partition of the log that a period lies in, and how far it is.
type Part struct {
	SrcPart uint32 `json:"-"`
	Name    string `json:"part"` // generation/partition
	Topic   string `json:"topic"`
	// Start and End bound the log as Kafka stated them when the check began; Loaded is the end of the
	// manifests' run without a hole.
	Start  uint64 `json:"start"`
	End    uint64 `json:"end"`
	Loaded uint64 `json:"loaded"`
	// Lost counts offsets that an operator gave up (clicktally recover).
	Lost   uint64 `json:"lost,omitempty"`
	known  bool
	before uint64 // Loaded, just before Kafka was asked for the end
}

// generationsOf are the generations that events of a period may lie in: those that cover it, each from
// its start to that of the next one, and the one before for a month after its end, in which a tracker
// that had not heard of the new one may still have put what then is moved. The first takes earlier times too.
func generationsOf(all []*catalogpb.Generation, p Period) []*catalogpb.Generation {
	var covering []*catalogpb.Generation
	for i, g := range all {
		begins := i == 0 || g.GetStartMs() < p.To.UnixMilli()
		over := i+1 < len(all) && time.UnixMilli(all[i+1].GetStartMs()).Add(backdated).Before(p.From)
		if begins && !over {
			covering = append(covering, g)
		}
	}
	return covering
}

// partsOf lists the partitions of generations.
func partsOf(generations []*catalogpb.Generation) []*Part {
	var parts []*Part
	for _, g := range generations {
		for n := range g.GetPartitions() {
			part := uint32(event.NewSrcPart(g.GetNumber(), n))
			parts = append(parts, &Part{SrcPart: part, Name: partName(part), Topic: g.GetTopic()})
		}
	}
	return parts
}

// completeness checks design 6.5 for the period and returns its partitions. Ends are taken once;
// what was logged before them may be waited for.
func (c *Config) completeness(ctx context.Context, p Period, say func(string)) ([]*Part, []Finding, error) {
	generations := generationsOf(c.Catalog().Generations(), p)
	parts := partsOf(generations)
	if err := c.markLoaded(ctx, parts); err != nil {
		return parts, nil, err
	}
	found, err := c.readLog(ctx, generations, parts)
	if err != nil {
		return parts, nil, err
	}
	waiting, err := c.await(ctx, p, parts, say)
	if err != nil {
		return parts, nil, err
	}
	found = append(found, waiting...)
	say("counting the offsets of every manifest")
	offsets, err := c.checkManifests(ctx, p, parts)
	return parts, append(found, offsets...), err
}

// await returns when the log up to its ends is loaded and computed, or patience is at its end, with
// what then was not.
func (c *Config) await(ctx context.Context, p Period, parts []*Part, say func(string)) ([]Finding, error) {
	deadline := time.NewTimer(c.Patience)
	defer deadline.Stop()
	for said := false; ; {
		found, err := c.notLoaded(ctx, parts)
		if err != nil {
			return nil, err
		}
		dirty, err := c.dirty(ctx, p, parts)
		if err != nil {
			return nil, err
		}
		if found = append(found, dirty...); !onlyTime(found) {
			return found, nil
		}
		if !said {
			say("waiting for what was logged to be loaded and computed")
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-deadline.C:
			return found, nil
		case <-time.After(lookAgain):
		}
	}
}

// lookAgain is the time between two looks at what is awaited.
const lookAgain = 300 * time.Millisecond

// onlyTime says whether all that was found goes away by waiting.
func onlyTime(found []Finding) bool {
	for i := range found {
		if k := found[i].Kind; k != NotLoaded && k != MinutesDirty {
			return false
		}
	}
	return len(found) > 0
}

// number is a whole number in SQL.
func number[N int | uint32 | uint64](n N) string { return strconv.FormatUint(uint64(n), 10) }

// moment is a time in SQL.
func moment(t time.Time) string {
	return "fromUnixTimestamp64Milli(" + strconv.FormatInt(t.UnixMilli(), 10) + ", 'UTC')"
}

// second is a whole second in SQL, as minutes are.
func second(t time.Time) string {
	return "toDateTime(" + strconv.FormatInt(t.Unix(), 10) + ", 'UTC')"
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// listOf is a list for SQL's IN; it holds something always.
func listOf(parts []*Part) string {
	b := []byte{}
	for i, p := range parts {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, uint64(p.SrcPart), 10)
	}
	if len(parts) == 0 {
		return "NULL"
	}
	return string(b)
}

// bounded keeps the first findings and counts the others.
func bounded(found []Finding, total uint64) []Finding {
	if total > uint64(len(found)) && len(found) > 0 {
		last := found[len(found)-1]
		found = append(found, Finding{Kind: last.Kind, Message: fmt.Sprintf("and %d more of this kind", total-uint64(len(found)))})
	}
	return found
}
