package loadgen

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// Balance holds what was acknowledged against what was counted. Lost and Double must be 0.
type Balance struct {
	Sent, Acked int
	// Counted is how many of the acknowledged events stand in the count, double ones twice.
	Counted int
	// Lost events were acknowledged and are not in the raw events, or not in the count over them.
	Lost int
	// Double is by how much the count exceeds the distinct raw events.
	Double int
	// Unacknowledged events were counted although no answer arrived: the process was killed, or the
	// connection cut, after the event was durable. They are nobody's mistake and apart from the rest.
	Unacknowledged int
	// Differences name the first places where raw events and the count disagree.
	Differences []string
}

// maxNamed bounds Differences.
const maxNamed = 10

// Balanced says whether nothing is lost and nothing counted twice.
func (b Balance) Balanced() bool { return b.Lost == 0 && b.Double == 0 }

// String is the line that scripts read.
func (b Balance) String() string {
	word := "balanced"
	if !b.Balanced() {
		word = "NOT balanced"
	}
	return fmt.Sprintf("%s: sent=%d acked=%d counted=%d lost=%d double=%d", word, b.Sent, b.Acked, b.Counted, b.Lost, b.Double)
}

// Audit reads counts before and after a run and compares them with a ledger.
type Audit struct {
	Reader Reader
	// Patience is how long counts may lag behind the last acknowledgement.
	Patience time.Duration
	// Progress is told what is still missing while the counts lag; nil for none.
	Progress io.Writer

	from   time.Time
	before map[string]*counts
}

const (
	// lookBack covers the latest event that a scenario states.
	lookBack = longestLate + 24*time.Hour
	// settle is the pause between two looks at counts that still lag.
	settle = 2 * time.Second
)

// Begin remembers what was counted before the run.
func (a *Audit) Begin(ctx context.Context) error {
	a.from = time.Now().Add(-lookBack).Truncate(time.Minute)
	var err error
	a.before, err = a.Reader.stats(ctx, a.from, time.Now().Add(time.Hour).Truncate(time.Minute))
	if err != nil {
		return fmt.Errorf("audit: what was counted before the run: %w", err)
	}
	return nil
}

// End waits until the counts hold everything that was acknowledged and returns the balance, and
// beside it what this run expected and what it found per campaign.
func (a *Audit) End(ctx context.Context, entries []Entry, thisRun []Entry) (Balance, []Comparison, error) {
	deadline := time.Now().Add(a.Patience)
	for {
		to := time.Now().Add(time.Hour).Truncate(time.Minute)
		counted, err := a.Reader.stats(ctx, a.from, to)
		if err != nil {
			return Balance{}, nil, fmt.Errorf("audit: %w", err)
		}
		raw, err := a.Reader.raw(ctx, a.from, to)
		if err != nil {
			return Balance{}, nil, fmt.Errorf("audit: %w", err)
		}
		b := balance(since(entries, a.from), raw, counted)
		if b.Balanced() || time.Now().After(deadline) || !sleep(ctx, settle) {
			return b, compare(thisRun, a.before, counted), nil
		}
		if a.Progress != nil {
			fmt.Fprintf(a.Progress, "counting: %d of %d acknowledged events are in the count\n", b.Counted, b.Acked)
		}
	}
}

func (b *Balance) name(format string, args ...any) {
	if len(b.Differences) < maxNamed {
		b.Differences = append(b.Differences, fmt.Sprintf(format, args...))
	}
}

// since leaves out events of earlier runs that may lie before what the audit reads.
func since(entries []Entry, from time.Time) []Entry {
	limit := from.Add(longestLate + time.Minute).UnixMilli()
	return slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return e.At < limit })
}

// place is where an event counts.
type place struct{ campaign, typ string }

// balance is the comparison itself: the ledger against raw by identity, raw against the count by
// campaign and type.
func balance(entries []Entry, raw []listed, counted map[string]*counts) Balance {
	b := Balance{Sent: len(entries)}
	found := make(map[string]bool, len(raw)) // event id -> acknowledged to us
	distinct := map[place]int{}
	converted := map[conversionKey]bool{}
	for _, e := range raw {
		found[e.EventID] = false
		if e.EventType == "conversion" && !e.converts(converted) {
			continue
		}
		p := place{e.Campaign, e.EventType}
		if e.Disposition == string(Orphan) {
			p.campaign = ""
		}
		distinct[p]++
	}
	for _, e := range entries {
		if !e.Acked {
			continue
		}
		b.Acked++
		if _, ok := found[e.EventID]; ok {
			found[e.EventID] = true
		} else {
			b.Lost++
			b.name("%s %s of campaign %q was acknowledged and is not in the raw events", e.EventType, e.EventID, e.Campaign)
		}
	}
	for _, acked := range found {
		if !acked {
			b.Unacknowledged++
		}
	}
	for campaign, c := range counted {
		for _, f := range c.byType() {
			distinct[place{campaign, f.typ}] -= f.n
		}
	}
	for p, missing := range distinct {
		if missing > 0 {
			b.Lost += missing
			b.name("%d of type %s of campaign %q are in the raw events and not in the count", missing, p.typ, p.campaign)
		} else if missing < 0 {
			b.Double -= missing
			b.name("%d of type %s of campaign %q are counted beyond the raw events", -missing, p.typ, p.campaign)
		}
	}
	b.Counted = b.Acked - b.Lost + b.Double
	return b
}

// conversionKey is what a conversion is counted by: without a txid there is one per click and kind.
type conversionKey struct{ click, txid, kind string }

// converts says whether a conversion is one of its own, and not a new status of one in seen. Those of
// test clicks are not counted.
func (e *listed) converts(seen map[conversionKey]bool) bool {
	key := conversionKey{click: e.ClickID, txid: e.TxID}
	if key.txid == "" {
		key.kind = e.ConversionKind
	}
	if seen[key] || e.Disposition == string(Test) {
		return false
	}
	seen[key] = true
	return true
}

type figure struct {
	typ string
	n   int
}

func (c *counts) byType() []figure {
	return []figure{
		{"impression", c.impressions},
		{"page_view", c.views},
		{"bounce", c.bounces},
		{"click_through", c.throughs},
		{"click", c.gross() + c.test + c.closed},
		{"conversion", c.conversions},
	}
}
