package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

const (
	// pastSession is longer than an aggregator's session timeout: another one owns its partitions then.
	pastSession = 14 * time.Second
	clockJump   = 10 * time.Minute
)

// zombie stops one aggregator wherever it is, and another inside an effect. Both wake up when others
// have long taken over, and finish what they were about to write.
func zombie(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	steps := stepsOf("aggregate")
	rounds := 2
	if long {
		rounds = 8
	}
	for range rounds {
		list := rng.Perm(aggregators)
		inside, anywhere := r.fleet.aggregators[list[0]], r.fleet.aggregators[list[1]]
		step := steps[rng.IntN(len(steps))]
		r.fleet.plan(inside, fmt.Sprintf("%s=stop@%d", step, 2+rng.IntN(3)))
		inside.signal(syscall.SIGTERM) // it leaves the group, and starts again with the plan
		err := await(ctx, stepWithin, step, func() error {
			if !inside.stopped() {
				return errors.New("no worker stopped there")
			}
			return nil
		})
		if err != nil {
			return err
		}
		anywhere.signal(syscall.SIGSTOP)
		err = rest(ctx, pastSession)
		inside.signal(syscall.SIGCONT)
		anywhere.signal(syscall.SIGCONT)
		if err != nil {
			return err
		}
		if err := rest(ctx, 3*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// rebalanceStorm has aggregators leave, politely or not, and come back at once.
func rebalanceStorm(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	for end := time.Now().Add(lasting(20*time.Second, long)); time.Now().Before(end); {
		one := r.fleet.aggregators[rng.IntN(aggregators)]
		if rng.IntN(4) == 0 {
			one.kill()
		} else {
			one.signal(syscall.SIGTERM)
		}
		if err := rest(ctx, 500*time.Millisecond+time.Duration(rng.Int64N(int64(time.Second)))); err != nil {
			return err
		}
	}
	return nil
}

// clockJumps sets every tracker's wall clock ahead and back while it serves.
func clockJumps(ctx context.Context, r *rig, _ *rand.Rand, long bool) error {
	for _, off := range []time.Duration{clockJump, -clockJump, 0} {
		if err := r.fleet.setClock(off); err != nil {
			return err
		}
		if err := rest(ctx, lasting(8*time.Second, long)); err != nil {
			return errors.Join(err, r.fleet.setClock(0))
		}
	}
	return nil
}

// brokerClocks sets one broker's wall clock ahead, then those of all behind, while they serve.
func brokerClocks(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	set := func(off time.Duration, from, to int) error {
		for i := from; i < to; i++ {
			if err := r.cluster.SetClock(i, off); err != nil {
				return err
			}
		}
		return rest(ctx, lasting(8*time.Second, long))
	}
	one := rng.IntN(brokers)
	err := set(clockJump, one, one+1)
	if err == nil {
		err = set(-clockJump, 0, brokers)
	}
	return errors.Join(err, set(0, 0, brokers))
}
