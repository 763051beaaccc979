package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// tailOfLoad is how long the load goes on after a fault.
const tailOfLoad = 2 * time.Second

// fault is one entry of the list.
type fault struct {
	name string
	says string
	// alone: the fault leaves a log behind that no other fault can go on with.
	alone bool
	// only is the one ad that traffic is of, on a rig of the fault's own.
	only string
	// disks gives each journal a small disk of its own, on a rig of the fault's own.
	disks bool
	// runs is how often it is struck in a short run, with a seed each; 0 is once.
	runs int
	// missing says why it cannot run here, empty when it can.
	missing func(*campaignOfFaults) string
	// strike does it, under load, and heals it.
	strike func(ctx context.Context, r *rig, rng *rand.Rand, long bool) error
	// check looks at what a balance does not see, while the load still rests. Optional.
	check func(ctx context.Context, r *rig) error
}

func choose(names []string) ([]fault, error) {
	all := faults()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []fault
	for _, name := range names {
		i := slices.IndexFunc(all, func(f fault) bool { return f.name == name })
		if i < 0 {
			var known []string
			for _, f := range all {
				known = append(known, f.name)
			}
			return nil, fmt.Errorf("there is no fault %q; there are %v", name, known)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// campaignOfFaults runs one fault after another on one rig, which goes on under its load between them.
type campaignOfFaults struct {
	options options
	stores  *stores
	bin     binaries
	report  *report
	rig     *rig
	rigs    int
}

func (c *campaignOfFaults) run(ctx context.Context, f fault, seed uint64) error {
	if f.missing != nil {
		if why := f.missing(c); why != "" {
			say("*** %s is SKIPPED: %s ***", f.name, why)
			c.report.skip(f.name, why)
			return nil
		}
	}
	if err := c.ready(ctx, f, seed); err != nil {
		return err
	}
	r := c.rig
	say("%s (seed %d): %s", f.name, seed, f.says)
	killsBefore, crashesBefore := kills.Load(), r.fleet.crashes()
	r.audit.watch()
	err := f.strike(ctx, r, rand.New(rand.NewPCG(seed, 2)), c.options.long)
	var recovery time.Duration
	if err == nil {
		recovery, err = r.recovered(ctx)
	}
	pause(ctx, tailOfLoad)
	gap := r.audit.unwatch()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		say("%s: %v", f.name, err)
	}
	r.load.rest()
	figures, settle, failed := r.balance(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed != nil {
		say("%s: no balance: %v", f.name, failed)
		err = errors.Join(err, failed)
	}
	if err == nil && f.check != nil {
		if err = f.check(ctx, r); err != nil {
			say("%s: %v", f.name, err)
		}
	}
	r.load.resume()
	result := result{
		fault: f.name, seed: seed, kills: kills.Load() - killsBefore, figures: figures,
		gap: gap, recovery: recovery, settle: settle, err: err, crashes: r.fleet.crashes() - crashesBefore,
	}
	c.report.add(result)
	if !result.ok() {
		c.explain(result)
	}
	if f.alone || !result.ok() {
		c.drop(ctx, !result.ok())
	}
	return ctx.Err()
}

// ready makes a rig where there is none, or where the fault wants its own.
func (c *campaignOfFaults) ready(ctx context.Context, f fault, seed uint64) (err error) {
	if c.rig != nil && f.alone {
		c.drop(ctx, false)
	}
	if c.rig == nil {
		c.rigs++
		c.rig, err = newRig(ctx, c.stores, c.bin, c.options, f, seed, c.rigs)
	}
	return err
}

func (c *campaignOfFaults) drop(ctx context.Context, keep bool) {
	if c.rig != nil {
		c.rig.close(ctx, keep || c.options.keep)
		c.rig = nil
	}
}

func (c *campaignOfFaults) close(ctx context.Context) {
	c.drop(context.WithoutCancel(ctx), ctx.Err() == nil && !c.report.ok())
}

// explain shows what a failed run left behind.
func (c *campaignOfFaults) explain(res result) {
	for _, line := range res.figures.named {
		say("    %s", line)
	}
	if res.err != nil || res.crashes > 0 {
		for _, one := range c.rig.fleet.all() {
			say("    the end of %s", one.tail())
		}
	}
	say("    again: make faults FAULT=%s SEED=%d", res.fault, res.seed)
}
