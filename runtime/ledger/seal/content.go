package seal

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// Method is the version of how a content is derived from raw: the statement, the classes of reasons and the encoding
// below. A bill says which it was made by.
const Method = 1

// Content is what a revision states for good: a function of raw below the cuts, and of nothing else.
type Content struct {
	Period   Period
	Billable []string // statuses, sorted
	Cuts     map[event.SrcPart]uint64
	Policies []string         // digests of fraud policies among the clicks, sorted
	Lines    []store.BillLine // sorted by key, none twice
}

// Hash is the SHA-256 of the canonical encoding, hex.
func (c *Content) Hash() string { return digest(func(w io.Writer) { c.encode(w, true) }) }

// Totals is the hash of what is billed: without the cuts, which move with every record of other periods.
func (c *Content) Totals() string { return digest(func(w io.Writer) { c.encode(w, false) }) }

func digest(write func(io.Writer)) string {
	sum := sha256.New()
	buffered := bufio.NewWriter(sum)
	write(buffered)
	_ = buffered.Flush() // a hash takes everything
	return hex.EncodeToString(sum.Sum(nil))
}

// encode writes one fact per line, in one order, every text quoted.
func (c *Content) encode(w io.Writer, cuts bool) {
	fmt.Fprintf(w, "clicktally bill %d\n", Method)
	fmt.Fprintf(w, "period %d %d %q\n", c.Period.From.Unix(), c.Period.To.Unix(), c.Period.Zone)
	for _, status := range c.Billable {
		fmt.Fprintf(w, "billable %q\n", status)
	}
	if cuts {
		for _, part := range slices.Sorted(maps.Keys(c.Cuts)) {
			fmt.Fprintf(w, "cut %d %d\n", part, c.Cuts[part])
		}
	}
	for _, policy := range c.Policies {
		fmt.Fprintf(w, "policy %q\n", policy)
	}
	for i := range c.Lines {
		l := &c.Lines[i]
		fmt.Fprintf(w, "line %q %q %q %q %q %d %s %d %d\n", l.Advertiser, l.Campaign, l.Ad, l.Publisher, l.Currency, l.Clicks, l.Micros, l.Test, l.Closed)
	}
}

// sum is lines by key, while they are added up.
type sum map[store.BillKey]*store.BillLine

func (s sum) add(l *store.BillLine, sign int64) {
	to := s[l.BillKey]
	if to == nil {
		to = &store.BillLine{BillKey: l.BillKey}
		for i := range to.Micros {
			to.Micros[i] = new(big.Int)
		}
		s[l.BillKey] = to
	}
	for i := range store.Buckets {
		to.Clicks[i] += sign * l.Clicks[i]
		to.Micros[i].Add(to.Micros[i], new(big.Int).Mul(l.Micros[i], big.NewInt(sign)))
	}
	to.Test += sign * l.Test
	to.Closed += sign * l.Closed
}

// lines are those that say something, sorted by key.
func (s sum) lines() []store.BillLine {
	var lines []store.BillLine
	for _, l := range s {
		if !empty(l) {
			lines = append(lines, *l)
		}
	}
	slices.SortFunc(lines, func(a, b store.BillLine) int {
		return cmp.Or(cmp.Compare(a.Advertiser, b.Advertiser), cmp.Compare(a.Campaign, b.Campaign), cmp.Compare(a.Ad, b.Ad),
			cmp.Compare(a.Publisher, b.Publisher), cmp.Compare(a.Currency, b.Currency))
	})
	return lines
}

func empty(l *store.BillLine) bool {
	for i := range store.Buckets {
		if l.Clicks[i] != 0 || l.Micros[i].Sign() != 0 {
			return false
		}
	}
	return l.Test == 0 && l.Closed == 0
}

// Adjust returns the lines by which a revision differs from the one before it, signed: earlier plus adjustments is later.
func Adjust(earlier, later []store.BillLine) []store.BillLine {
	difference := sum{}
	for i := range later {
		difference.add(&later[i], 1)
	}
	for i := range earlier {
		difference.add(&earlier[i], -1)
	}
	return difference.lines()
}
