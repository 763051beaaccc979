package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"
)

const (
	stormRuns = 3
	stormFor  = 32 * time.Second
	// waveFor is how long aggregators live at most between two waves of a storm.
	waveFor = 4 * time.Second
	// stepWithin bounds how long an aggregator may take to reach a failpoint.
	stepWithin = 40 * time.Second
	// forgetWithin bounds how long the group may have no coordinator, on a busy machine whose brokers die.
	forgetWithin = 3 * time.Minute
)

func killTrackers(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	return killOften(ctx, rng, r.fleet.trackers, lasting(15*time.Second, long), 500*time.Millisecond)
}

func killAggregators(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	return killOften(ctx, rng, r.fleet.aggregators, lasting(18*time.Second, long), 6*time.Second)
}

// killOften kills one of list at a time, at random moments every so often.
func killOften(ctx context.Context, rng *rand.Rand, list []*process, lasting, every time.Duration) error {
	for end := time.Now().Add(lasting); time.Now().Before(end); {
		if err := rest(ctx, every/2+time.Duration(rng.Int64N(int64(every)))); err != nil {
			return err
		}
		list[rng.IntN(len(list))].kill()
	}
	return nil
}

// storm kills everything side by side. Each kind has its own generator, so that a seed gives each the
// same draws whatever the others do.
func storm(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	length := lasting(stormFor, long)
	group, within := errgroup.WithContext(ctx)
	kind := func(do func(*rand.Rand) error) {
		own := rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
		group.Go(func() error { return do(own) })
	}
	kind(func(own *rand.Rand) error {
		return killOften(within, own, r.fleet.trackers, length, 400*time.Millisecond)
	})
	kind(func(own *rand.Rand) error {
		return killOften(within, own, []*process{r.fleet.query}, length, 6*time.Second)
	})
	kind(func(own *rand.Rand) error { return killOften(within, own, []*process{r.redis}, length, 12*time.Second) })
	kind(func(own *rand.Rand) error {
		return killOften(within, own, []*process{r.engine}, length, 20*time.Second)
	})
	kind(func(own *rand.Rand) error { return r.waves(within, own, length) })
	if r.cluster != nil {
		kind(func(own *rand.Rand) error {
			if err := rest(within, time.Duration(own.Int64N(int64(length/2)))); err != nil {
				return err
			}
			return r.brokerAway(within, own.IntN(brokers), 5*time.Second)
		})
	}
	return group.Wait()
}

// waves kills all aggregators and lets each of the next ones die at a failpoint of its own, or at the
// next wave. Between two waves the group forgets the dead, as it would after the session timeout.
func (r *rig) waves(ctx context.Context, rng *rand.Rand, length time.Duration) error {
	r.fleet.drawn(func() string { return randomKill(rng) }) // starts of processes are drawn one at a time
	for end := time.Now().Add(length); time.Now().Before(end); {
		if err := r.restartAggregators(ctx); err != nil {
			return err
		}
		if err := rest(ctx, waveFor); err != nil {
			return err
		}
	}
	r.fleet.drawn(nil)
	return r.restartAggregators(ctx)
}

// restartAggregators kills all of them, has the group forget them, and lets them start again. Without
// the second step every partition would wait ten seconds for the dead.
func (r *rig) restartAggregators(ctx context.Context) error {
	for _, one := range r.fleet.aggregators {
		one.hold()
	}
	defer func() {
		for _, one := range r.fleet.aggregators {
			one.release()
		}
	}()
	return await(ctx, forgetWithin, "the group to forget the dead", func() error { return r.forgetMembers(ctx) })
}

func (r *rig) forgetMembers(ctx context.Context) error {
	name := r.pipeline.names.Aggregators()
	groups, err := r.admin.DescribeGroups(ctx, name)
	if err == nil {
		err = groups.Error()
	}
	if err != nil {
		return err
	}
	leave := kmsg.NewPtrLeaveGroupRequest()
	leave.Group = name
	for _, member := range groups[name].Members {
		one := kmsg.NewLeaveGroupRequestMember()
		one.MemberID = member.MemberID
		leave.Members = append(leave.Members, one)
	}
	if len(leave.Members) == 0 {
		return nil
	}
	_, err = leave.RequestWith(ctx, r.client)
	return err
}

// killAtFailpoints has an aggregator die at every step, before and after each effect.
func killAtFailpoints(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	rounds := 1
	if long {
		rounds = 5
	}
	var missed []string
	for range rounds {
		for _, step := range stepsOf("aggregate") {
			before := kills.Load() + aggregators // the wave's own
			for _, one := range r.fleet.aggregators {
				r.fleet.plan(one, fmt.Sprintf("%s=kill@%d", step, 1+rng.IntN(3)))
			}
			if err := r.restartAggregators(ctx); err != nil {
				return err
			}
			err := await(ctx, stepWithin, step, func() error {
				if kills.Load() <= before {
					return errors.New("nobody died there")
				}
				return nil
			})
			if err != nil {
				missed = append(missed, step)
			}
		}
	}
	if err := r.restartAggregators(ctx); err != nil {
		return err
	}
	if len(missed) > 0 {
		return fmt.Errorf("never reached: %s", strings.Join(missed, ", "))
	}
	return nil
}

// refuseAtFailpoints has every step answer an error now and then: before its effect, so that it is not
// applied, or after, so that it is and nobody knows.
func refuseAtFailpoints(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	for range 2 {
		for _, one := range r.fleet.aggregators {
			var plan []string
			for _, step := range stepsOf("aggregate") {
				plan = append(plan, fmt.Sprintf("%s=error@%d", step, 1+rng.IntN(4)))
			}
			r.fleet.plan(one, strings.Join(plan, ","))
		}
		if err := r.restartAggregators(ctx); err != nil {
			return err
		}
		if err := rest(ctx, lasting(7*time.Second, long)); err != nil {
			return err
		}
	}
	return nil
}
