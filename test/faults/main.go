// Command faults starts the real processes of a pipeline on real stores, sends them traffic, strikes
// them with faults, and holds what they counted against an auditor's own record of every event that was
// acknowledged. docs/faults.md says how to run it and how to read it.
//
// The last line is `faults: kills=N acked=N lost=N double=N misbilled=N`; the exit status is 1 when one of
// the last three is not 0, or a fault could not be run to its end.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// options are what a run is asked for.
type options struct {
	faults []string
	seed   uint64
	long   bool
	rate   int
	source string
	keep   bool
}

func main() {
	var o options
	var names string
	flag.StringVar(&names, "fault", "", "only these faults, separated by commas; empty: all")
	flag.Uint64Var(&o.seed, "seed", 0, "seed of the first run; 0: by the clock")
	flag.BoolVar(&o.long, "long", false, "longer faults, and again and again with new seeds until interrupted")
	flag.IntVar(&o.rate, "rate", 250, "events a second")
	flag.StringVar(&o.source, "source", ".", "tree that the processes under test are built from")
	flag.BoolVar(&o.keep, "keep", false, "keep the folder with logs and the auditor's record")
	flag.Parse()
	if names != "" {
		o.faults = strings.Split(names, ",")
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().Unix())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok := run(ctx, o)
	stop()
	if !ok {
		os.Exit(1)
	}
}

// run does everything and prints the table, whatever happened before.
func run(ctx context.Context, o options) bool {
	dir, err := os.MkdirTemp("", "clicktally-faults-")
	if err != nil {
		say("%v", err)
		return false
	}
	r := &report{options: o}
	s := &stage{ctx: ctx, dir: dir}
	failed := attempt(func() {
		if err := strike(ctx, o, s, r); err != nil {
			panic(fatal{err.Error()})
		}
	})
	s.close()
	if failed != nil && ctx.Err() == nil {
		say("%v", failed)
		r.broken = true
	}
	r.print(os.Stdout)
	if o.keep || !r.ok() {
		say("logs and the auditor's record are in %s", dir)
	} else if err := os.RemoveAll(dir); err != nil {
		say("%v", err)
	}
	return r.ok()
}

// strike builds, starts the stores and runs every fault that was asked for.
func strike(ctx context.Context, o options, s *stage, r *report) error {
	chosen, err := choose(o.faults)
	if err != nil {
		return err
	}
	say("building the processes under test, with failpoints")
	b, err := build(ctx, o.source, s.dir)
	if err != nil {
		return err
	}
	say("starting %d brokers, redis-server and the ClickHouse engine", brokers)
	st, err := startStores(ctx, s, b)
	if err != nil {
		return err
	}
	c := &campaignOfFaults{options: o, stores: st, bin: b, report: r}
	defer func() { c.close(ctx) }()
	for round := uint64(0); ctx.Err() == nil; round++ {
		for _, f := range chosen {
			for i := range uint64(max(1, f.runs)) {
				if err := c.run(ctx, f, o.seed+1000*round+i); err != nil {
					return err
				}
			}
		}
		if !o.long {
			break
		}
	}
	return nil
}

var began = time.Now()

// say writes a line of progress.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}
