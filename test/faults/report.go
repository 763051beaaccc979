package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// result is one run of one fault.
type result struct {
	fault    string
	seed     uint64
	kills    int64
	figures  figures
	gap      time.Duration // longest time without any answer
	recovery time.Duration // until the load passed the log's end at the fault's end
	settle   time.Duration // from the last answer until all is counted and equal
	crashes  int           // processes that ended by themselves
	err      error
}

func (r *result) ok() bool { return r.err == nil && r.crashes == 0 && r.figures.clean() }

// report gathers results.
type report struct {
	options options
	results []result
	skipped []string
	broken  bool
}

func (r *report) add(res result) {
	r.results = append(r.results, res)
	f := res.figures
	say("%s: kills=%d acked=%d lost=%d double=%d misbilled=%d live=%d unacknowledged=%d gap=%v recovery=%v settled=%v", res.fault,
		res.kills, f.acked, f.lost, f.double, f.misbilled, f.live, f.unacked, round(res.gap), round(res.recovery), round(res.settle))
	if f.dirty > 0 {
		say("    %d minutes are counted whole and called dirty until the next review: a seal waits for it", f.dirty)
	}
}

func (r *report) skip(name, why string) {
	r.skipped = append(r.skipped, name+": "+why)
}

func (r *report) ok() bool {
	for i := range r.results {
		if !r.results[i].ok() {
			return false
		}
	}
	return !r.broken && len(r.results) > 0
}

// row sums the runs of one fault.
type row struct {
	runs  int
	seeds []string
	sum   result
}

// print writes the table, what was skipped, how to repeat what failed, and the last line.
func (r *report) print(w io.Writer) {
	rows, order := map[string]*row{}, []string{}
	total := figures{}
	for i := range r.results {
		res := &r.results[i]
		one := rows[res.fault]
		if one == nil {
			one = &row{}
			rows[res.fault] = one
			order = append(order, res.fault)
		}
		one.add(res)
		total.acked += res.figures.acked
		total.lost += res.figures.lost
		total.double += res.figures.double
		total.misbilled += res.figures.misbilled
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "fault\truns\tseeds\tkills\tacknowledged\tlost\tdouble\twrongly billed\tlive off\tunacknowledged\tunavailable\trecovery\tsettled\t")
	for _, name := range order {
		o := rows[name]
		f := o.sum.figures
		fmt.Fprintf(table, "%s\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%v\t%v\t\n", name, o.runs, strings.Join(o.seeds, " "), o.sum.kills,
			f.acked, f.lost, f.double, f.misbilled, f.live, f.unacked, round(o.sum.gap), round(o.sum.recovery), round(o.sum.settle))
	}
	_ = table.Flush() // standard output: nothing follows from a failure
	for _, line := range r.skipped {
		fmt.Fprintf(w, "SKIPPED %s\n", line)
	}
	for i := range r.results {
		if res := &r.results[i]; !res.ok() {
			fmt.Fprintf(w, "FAILED %s: %v, again: make faults FAULT=%s SEED=%d\n", res.fault, res.why(), res.fault, res.seed)
		}
	}
	fmt.Fprintf(w, "faults: kills=%d acked=%d lost=%d double=%d misbilled=%d\n", kills.Load(), total.acked, total.lost, total.double, total.misbilled)
}

func (r *result) why() string {
	var why []string
	if !r.figures.clean() {
		why = append(why, "counts differ")
	}
	if r.crashes > 0 {
		why = append(why, fmt.Sprintf("%d processes ended by themselves", r.crashes))
	}
	if r.err != nil {
		why = append(why, r.err.Error())
	}
	return strings.Join(why, "; ")
}

func (o *row) add(res *result) {
	const shown = 4 // of the seeds
	if o.runs++; o.runs <= shown {
		o.seeds = append(o.seeds, strconv.FormatUint(res.seed, 10))
	}
	s, f := &o.sum, res.figures
	s.kills += res.kills
	s.figures.acked += f.acked
	s.figures.lost += f.lost
	s.figures.double += f.double
	s.figures.misbilled += f.misbilled
	s.figures.live += f.live
	s.figures.unacked += f.unacked
	s.gap, s.recovery, s.settle = max(s.gap, res.gap), max(s.recovery, res.recovery), max(s.settle, res.settle)
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
