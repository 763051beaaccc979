package loadgen

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/clicktally/clicktally/runtime/event"
)

// Comparison is one campaign's figures of a run: expected from what was sent, and counted.
type Comparison struct {
	Campaign           string
	expected, measured *counts
	open               int // clicks whose verdict the wire left open: valid or suspicious
}

// Same says whether every figure agrees, spend to the micro.
func (c Comparison) Same() bool {
	e, m := c.expected, c.measured
	same := e.impressions == m.impressions && e.views == m.views && e.fraudulent == m.fraudulent && e.gross() == m.gross() &&
		e.test == m.test && e.closed == m.closed && e.duplicates == m.duplicates && e.conversions == m.conversions
	if off := e.valid - m.valid; off < 0 || off > c.open {
		same = false
	}
	for currency := range union(e.spend, m.spend) {
		same = same && e.spend[currency] == m.spend[currency]
	}
	return same
}

// compare adds up what a run's acknowledged events should count as, beside what was counted since.
func compare(entries []Entry, before, after map[string]*counts) []Comparison {
	byCampaign := map[string]*Comparison{}
	at := func(campaign string) *Comparison {
		c := byCampaign[campaign]
		if c == nil {
			c = &Comparison{Campaign: campaign, expected: &counts{spend: map[string]int64{}}, measured: &counts{}}
			byCampaign[campaign] = c
		}
		return c
	}
	for _, e := range entries {
		if !e.Acked {
			continue
		}
		campaign := e.Campaign
		if e.Outcome == Orphan {
			campaign = ""
		}
		at(campaign).expect(e)
	}
	for campaign, c := range after {
		at(campaign).measured = c.less(before[campaign])
	}
	names := slices.Sorted(maps.Keys(byCampaign))
	list := make([]Comparison, 0, len(names))
	for _, name := range names {
		if c := byCampaign[name]; c.expected.events() > 0 || c.measured.events() > 0 {
			list = append(list, *c)
		}
	}
	return list
}

func (c *Comparison) expect(e Entry) {
	x := c.expected
	switch e.EventType {
	case "impression":
		x.impressions++
	case "page_view":
		x.views++
	case "bounce":
		x.bounces++
	case "conversion":
		x.conversions++
	case "click":
		x.duplicates += e.Copies
		c.expectClick(e)
	}
}

func (c *Comparison) expectClick(e Entry) {
	x := c.expected
	switch {
	case e.Outcome == Test:
		x.test++
		return
	case e.Outcome == Closed:
		x.closed++
		return
	case e.Status == "Suspicious":
		x.suspicious++
	case e.Status == "Fraudulent":
		x.fraudulent++
		return
	case e.Status == "":
		c.open++
		x.valid++
	default:
		x.valid++
	}
	if e.Currency != "" {
		x.spend[e.Currency] += e.PriceMicros
	}
}

// WriteTable prints expected and counted figures under each other, and marks rows that differ.
func WriteTable(out io.Writer, list []Comparison) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "campaign\t\timpressions\tclicks\tvalid\tsuspicious\tfraudulent\tduplicates\ttest\tclosed\tconversions\tCTR\tspend\t")
	for _, c := range list {
		name := c.Campaign
		if name == "" {
			name = "(orphans)"
		}
		mark := ""
		if !c.Same() {
			mark = " <> differs"
		}
		fmt.Fprintf(w, "%s\tsent\t%s\t\n", name, c.expected.cells())
		fmt.Fprintf(w, "\tcounted\t%s\t%s\n", c.measured.cells(), mark)
	}
	return w.Flush()
}

func (c *counts) cells() string {
	ctr := 0.0
	if c.impressions > 0 {
		ctr = float64(c.gross()) / float64(c.impressions)
	}
	numbers := []int{c.impressions, c.gross(), c.valid, c.suspicious, c.fraudulent, c.duplicates, c.test, c.closed, c.conversions}
	cells := make([]string, 0, len(numbers)+2)
	for _, n := range numbers {
		cells = append(cells, strconv.Itoa(n))
	}
	cells = append(cells, fmt.Sprintf("%.4f", ctr), c.spent())
	return strings.Join(cells, "\t")
}

func (c *counts) spent() string {
	var parts []string
	for _, currency := range slices.Sorted(maps.Keys(c.spend)) {
		if c.spend[currency] != 0 {
			parts = append(parts, event.FormatMicros(c.spend[currency])+" "+currency)
		}
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, " + ")
}

func union(a, b map[string]int64) map[string]bool {
	keys := map[string]bool{}
	for _, m := range []map[string]int64{a, b} {
		for key := range m {
			keys[key] = true
		}
	}
	return keys
}
