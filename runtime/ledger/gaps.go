package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// pairsAtOnce bounds the (boot, src_part) whose missing counters one statement looks for.
	pairsAtOnce = 500
	// maxPairs bounds those that are looked at in one report; further ones are counted.
	maxPairs = 5000
	// rangesNamed bounds the ranges of missing counters that are named per (boot, src_part).
	rangesNamed = 20
	// rangesTold bounds those in a finding's message.
	rangesTold = 3
)

// Gap balances the counters of one (boot, src_part): Settled = Raw + DeadLetters + Voided + Journaled + Lost,
// from the counter Base on (design 6.2).
type Gap struct {
	Boot string `json:"boot"`
	Pod  string `json:"pod"`
	Part string `json:"part"`
	// Base and Settled bound the counters that are balanced: from the last heartbeat before the period
	// (0 when the boot is younger) up to what was settled by its end, or by the last heartbeat.
	Base    uint64    `json:"base"`
	Settled uint64    `json:"settled"`
	At      time.Time `json:"at"` // of the heartbeat that Settled comes from
	// Raw counts distinct counters, a click and its copies once; DeadLetters those that could not be counted.
	Raw         uint64 `json:"raw"`
	DeadLetters uint64 `json:"dead_letters"`
	Voided      uint64 `json:"voided"`
	Journaled   uint64 `json:"journaled"`
	Lost        uint64 `json:"lost"`
	// Surplus counts voided or journaled counters that are in raw all the same.
	Surplus uint64 `json:"surplus"`
	// Unacknowledged counts what is missing above Settled of a boot that died: its callers got no
	// answer, as far as the last heartbeat, up to a second old, can tell.
	Unacknowledged uint64 `json:"unacknowledged"`
	// Missing are the ranges of what is neither in raw nor a dead letter. Heartbeats state voided and
	// journaled counters as totals: where there are some, which of the missing are lost is not known.
	Missing     []MissingRange `json:"missing,omitempty"`
	MissingLeft uint64         `json:"missing_left_out,omitempty"` // ranges beyond those named
}

// MissingRange is a run of missing counters, with when its neighbours were accepted; zero times where
// there is no neighbour.
type MissingRange struct {
	Range
	// Settled says whether the range lies below settled; else it is unacknowledged.
	Settled bool      `json:"settled"`
	After   time.Time `json:"after,omitzero"`
	Before  time.Time `json:"before,omitzero"`
}

// String says which counters are missing, on which side of settled, and when they were accepted.
func (m MissingRange) String() string {
	if m.Settled {
		return fmt.Sprintf("missing: counters %s, settled, accepted %s", m.Range, m.span())
	}
	return fmt.Sprintf("missing: counters %s, unacknowledged at crash, accepted %s", m.Range, m.span())
}

func (m *MissingRange) span() string {
	switch {
	case m.After.IsZero() && m.Before.IsZero():
		return "at an unknown time"
	case m.After.IsZero():
		return "before " + clock(m.Before)
	case m.Before.IsZero():
		return "after " + clock(m.After)
	}
	return "between " + clock(m.After) + " and " + clock(m.Before)
}

// Gaps is the report over all boots of a period.
type Gaps struct {
	// Loading: the log is not loaded to its end. What is missing may be in the rest of it, and is no loss yet.
	Loading bool `json:"loading,omitempty"`
	// Pairs is how many (boot, src_part) were balanced; the counters below are sums over them.
	Pairs          uint64 `json:"boot_partitions"`
	Counters       uint64 `json:"counters"`
	Raw            uint64 `json:"raw"`
	DeadLetters    uint64 `json:"dead_letters"`
	Voided         uint64 `json:"voided"`
	Journaled      uint64 `json:"journaled"`
	Lost           uint64 `json:"lost"`
	Surplus        uint64 `json:"surplus"`
	Unacknowledged uint64 `json:"unacknowledged"`
	// Uneven are those where something is missing, voided or journaled, the most lost first.
	Uneven  []Gap  `json:"uneven,omitempty"`
	LeftOut uint64 `json:"uneven_left_out,omitempty"`
}

// gaps balances the counters of every boot that lived in the period against raw. parts are all
// partitions, loaded beyond what the heartbeats spoke of.
func (c *Config) gaps(ctx context.Context, p Period, boots []Boot, parts []*Part, say func(string)) (*Gaps, []Finding, error) {
	report := &Gaps{}
	byID := make(map[uint64]*Boot, len(boots))
	for i := range boots {
		byID[boots[i].ID] = &boots[i]
	}
	weights, err := c.weights(ctx, p, parts)
	if err != nil {
		return nil, nil, fmt.Errorf("read the sizes of manifests: %w", err)
	}
	groups := batches(parts, weights, c.RowsAtOnce)
	for i, batch := range groups {
		say(fmt.Sprintf("balancing the counters of boots, %d of %d groups of partitions", i+1, len(groups)))
		pairs, err := c.readPairs(ctx, p, batch, byID)
		if err != nil {
			return nil, nil, fmt.Errorf("read the counters of boots: %w", err)
		}
		if err := c.readPresent(ctx, p, batch, pairs); err != nil {
			return nil, nil, fmt.Errorf("count the counters of boots: %w", err)
		}
		uneven := report.add(pairs)
		if left := maxPairs - len(report.Uneven); len(uneven) > left {
			report.LeftOut += uint64(len(uneven) - left)
			uneven = uneven[:left]
		}
		for some := range slices.Chunk(uneven, pairsAtOnce) {
			if err := c.readMissing(ctx, some); err != nil {
				return nil, nil, fmt.Errorf("look for missing counters: %w", err)
			}
		}
		for _, one := range uneven {
			report.take(one.gap())
		}
	}
	return report, report.sum(), nil
}

// add counts the pairs whose counters are all there, and returns the others.
func (g *Gaps) add(pairs map[pairKey]*pair) []*pair {
	var uneven []*pair
	for _, one := range pairs {
		g.Pairs++
		if one.even() {
			g.Counters += one.settled - one.base
			g.Raw += one.settled - one.base
			continue
		}
		uneven = append(uneven, one)
	}
	slices.SortFunc(uneven, func(a, b *pair) int {
		return cmp.Or(cmp.Compare(a.key.boot, b.key.boot), cmp.Compare(a.key.part, b.key.part))
	})
	return uneven
}

// take adds a gap to the sums, and keeps it where there is something to tell.
func (g *Gaps) take(one Gap) {
	g.Counters += one.Settled - one.Base
	g.Raw += one.Raw
	g.DeadLetters += one.DeadLetters
	g.Voided += one.Voided
	g.Journaled += one.Journaled
	g.Lost += one.Lost
	g.Surplus += one.Surplus
	g.Unacknowledged += one.Unacknowledged
	if one.Raw != one.Settled-one.Base || one.Surplus+one.Unacknowledged > 0 {
		g.Uneven = append(g.Uneven, one)
	}
}

// sum orders the uneven ones, and names those that lost clicks.
func (g *Gaps) sum() []Finding {
	slices.SortStableFunc(g.Uneven, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(b.Lost, a.Lost), cmp.Compare(b.Unacknowledged, a.Unacknowledged))
	})
	var found []Finding
	var total uint64
	for i := range g.Uneven {
		one := &g.Uneven[i]
		if one.Lost == 0 {
			continue
		}
		if total++; len(found) < maxFindings {
			found = append(found, one.finding())
		}
	}
	if g.LeftOut > 0 {
		found = append(found, Finding{Kind: ClicksLost, Message: fmt.Sprintf("%d more partitions of boots miss counters and were not looked at", g.LeftOut)})
	}
	return bounded(found, total)
}

// finding names the lost clicks of one (boot, src_part): exactly when nothing else may be missing,
// else the ranges they are among.
func (g *Gap) finding() Finding {
	f := Finding{Kind: ClicksLost, Part: g.Part, Boot: g.Boot, Pod: g.Pod}
	among := ""
	if g.Voided+g.Journaled > 0 {
		among = fmt.Sprintf(", among what is missing beside %d voided and %d journaled", g.Voided, g.Journaled)
	}
	var ranges []string
	for i := range g.Missing {
		m := &g.Missing[i]
		if !m.Settled {
			continue
		}
		if f.Range == nil {
			f.Range, f.From, f.To = &m.Range, timeOrNil(m.After), timeOrNil(m.Before)
		}
		ranges = append(ranges, fmt.Sprintf("; counters %s accepted %s", m.Range, m.span()))
	}
	if more := uint64(len(ranges)) + g.MissingLeft; more > rangesTold {
		ranges = append(ranges[:min(len(ranges), rangesTold)], fmt.Sprintf("; and %d more ranges", more-rangesTold))
	}
	f.Message = fmt.Sprintf("boot %s of %s, partition %s: %d lost below settled %d%s%s", g.Boot, g.Pod, g.Part, g.Lost, g.Settled, among, strings.Join(ranges, ""))
	return f
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
