package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// faults is the list, the cheap and telling ones first.
func faults() []fault {
	return []fault{
		{name: "calm", says: "nothing happens: the harness itself must balance", strike: calm},
		{name: "kill-tracker", says: "kill -9 of trackers at random moments", strike: killTrackers},
	}
}

func calm(ctx context.Context, _ *rig, _ *rand.Rand, long bool) error {
	pause(ctx, lasting(8*time.Second, long))
	return nil
}

// lasting is d, or several times as long in a long run.
func lasting(d time.Duration, long bool) time.Duration {
	if long {
		return 4 * d
	}
	return d
}

func killTrackers(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	return killOften(ctx, rng, r.fleet.trackers, lasting(15*time.Second, long), 500*time.Millisecond)
}

// killOften kills one of list at a time, at random moments every so often.
func killOften(ctx context.Context, rng *rand.Rand, list []*process, lasting, every time.Duration) error {
	for end := time.Now().Add(lasting); time.Now().Before(end); {
		if !pause(ctx, every/2+time.Duration(rng.Int64N(int64(every)))) {
			return fmt.Errorf("interrupted: %w", ctx.Err())
		}
		list[rng.IntN(len(list))].kill()
	}
	return nil
}
