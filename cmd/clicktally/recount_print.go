package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
)

// quiet drops log lines: what a command has to say it prints.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// printRecount tells a report as tables: completeness, boots, gaps, counts, findings.
func printRecount(out io.Writer, r *ledger.Report, all bool) error {
	fmt.Fprintf(out, "period %s, judged at %s in %s\n", r.Period, r.At.Format(time.RFC3339), r.Took)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printParts(w, r)
	printBoots(w, r)
	printGaps(w, r)
	printHours(w, r)
	printCampaigns(w, r, all)
	if len(r.Findings) > 0 {
		fmt.Fprintf(w, "\nFINDINGS\n")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%s: %s\n", f.Kind, f.Message)
	}
	return w.Flush()
}

func printParts(w io.Writer, r *ledger.Report) {
	fmt.Fprintf(w, "\nLOG\tPARTITION\tEND\tLOADED\tGIVEN UP\n")
	for _, p := range r.Parts {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\n", p.Topic, p.Name, p.End, p.Loaded, p.Lost)
	}
}

func printBoots(w io.Writer, r *ledger.Report) {
	fmt.Fprintf(w, "\nBOOT\tPOD\tSTATE\tLAST HEARTBEAT\tIN JOURNAL\n")
	for _, b := range r.Boots {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", b.Name, b.Pod, b.State, b.At.Format(time.RFC3339), b.Journaled)
	}
}

func printGaps(w io.Writer, r *ledger.Report) {
	g := r.Gaps
	if g == nil {
		return
	}
	fmt.Fprintf(w, "\nCOUNTERS\tSETTLED\tRAW\tDEAD LETTERS\tVOIDED\tJOURNALED\tLOST\tUNACKNOWLEDGED\n")
	fmt.Fprintf(w, "all %d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", g.Pairs, g.Counters, g.Raw, g.DeadLetters, g.Voided, g.Journaled, g.Lost, g.Unacknowledged)
	for _, one := range g.Uneven {
		fmt.Fprintf(w, "%s %s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", one.Boot, one.Part,
			one.Settled-one.Base, one.Raw, one.DeadLetters, one.Voided, one.Journaled, one.Lost, one.Unacknowledged)
	}
	for _, one := range g.Uneven {
		for _, missing := range one.Missing {
			fmt.Fprintf(w, "%s %s %s\n", one.Boot, one.Part, missing)
		}
	}
}

// printHours sums each figure of an hour over its campaigns, per currency where it is money.
func printHours(w io.Writer, r *ledger.Report) {
	type hour struct {
		clicks, impressions, duplicates [2]int64
		money                           map[string][2]int64
	}
	hours := map[time.Time]*hour{}
	for _, c := range r.Counts {
		h := hours[c.Hour]
		if h == nil {
			h = &hour{money: map[string][2]int64{}}
			hours[c.Hour] = h
		}
		switch name, currency, _ := strings.Cut(c.Column, " "); {
		case c.Column == "clicks_valid", c.Column == "clicks_suspicious", c.Column == "clicks_fraudulent":
			h.clicks = plus(h.clicks, c)
		case c.Column == "impressions":
			h.impressions = plus(h.impressions, c)
		case c.Column == "duplicates":
			h.duplicates = plus(h.duplicates, c)
		case strings.HasPrefix(name, "spend_"):
			h.money[currency] = plus(h.money[currency], c)
		}
	}
	fmt.Fprintf(w, "\nHOUR (raw / minute rows)\tCLICKS\tIMPRESSIONS\tDUPLICATES\tSPEND\n")
	for _, at := range slices.SortedFunc(maps.Keys(hours), time.Time.Compare) {
		h := hours[at]
		var money []string
		for _, currency := range slices.Sorted(maps.Keys(h.money)) {
			both := h.money[currency]
			money = append(money, fmt.Sprintf("%s / %s %s", event.FormatMicros(both[0]), event.FormatMicros(both[1]), currency))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", at.Format("2006-01-02T15:04Z"), pairOf(h.clicks), pairOf(h.impressions), pairOf(h.duplicates), strings.Join(money, ", "))
	}
}

// printCampaigns names every figure that differs, and sums up how many do not.
func printCampaigns(w io.Writer, r *ledger.Report, all bool) {
	type key struct {
		hour                 time.Time
		advertiser, campaign string
	}
	differing := map[key]bool{}
	keys := map[key]bool{}
	for _, c := range r.Counts {
		k := key{c.Hour, c.Advertiser, c.Campaign}
		keys[k] = true
		differing[k] = differing[k] || c.Minutes > 0
	}
	bad := 0
	for _, differs := range differing {
		if differs {
			bad++
		}
	}
	fmt.Fprintf(w, "\n%d of %d (hour, advertiser, campaign) are equal in every figure\n", len(keys)-bad, len(keys))
	if bad == 0 && !all {
		return
	}
	fmt.Fprintf(w, "HOUR\tADVERTISER\tCAMPAIGN\tFIGURE\tRAW\tMINUTE ROWS\tMINUTES THAT DIFFER\n")
	for _, c := range slices.SortedFunc(slices.Values(r.Counts), byKey) {
		if all || c.Minutes > 0 {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\n", c.Hour.Format("2006-01-02T15:04Z"), cmp.Or(c.Advertiser, "-"), cmp.Or(c.Campaign, "-"),
				c.Column, c.Raw, c.Stored, c.Minutes)
		}
	}
}

func byKey(a, b ledger.Count) int {
	return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Advertiser, b.Advertiser), cmp.Compare(a.Campaign, b.Campaign), cmp.Compare(a.Column, b.Column))
}

func plus(sum [2]int64, c ledger.Count) [2]int64 { return [2]int64{sum[0] + c.Raw, sum[1] + c.Stored} }

func pairOf(both [2]int64) string { return fmt.Sprintf("%d / %d", both[0], both[1]) }
