package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// brokerAway kills broker i and starts it again after a while.
func (r *rig) brokerAway(ctx context.Context, i int, away time.Duration) error {
	r.killBroker(i)
	err := rest(ctx, away)
	if failed := r.startBroker(i); failed != nil {
		return failed
	}
	return err
}

func brokerKilled(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	rounds := 2
	if long {
		rounds = 8
	}
	for range rounds {
		leader, err := r.leaderOf(ctx, int32(rng.IntN(partitions)))
		if err != nil {
			return err
		}
		if err := r.brokerAway(ctx, leader, 8*time.Second); err != nil {
			return err
		}
		if err := rest(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return nil
}

func (r *rig) leaderOf(ctx context.Context, partition int32) (int, error) {
	var details kadm.TopicDetails
	details, err := r.admin.ListTopics(ctx, r.events())
	if err != nil {
		return 0, fmt.Errorf("find the leader of partition %d: %w", partition, err)
	}
	return max(0, int(details[r.events()].Partitions[partition].Leader)-1), nil
}

func brokerSlow(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	for _, i := range rng.Perm(brokers) {
		r.pauseBroker(i, true)
		err := rest(ctx, lasting(4*time.Second, long))
		r.pauseBroker(i, false)
		if err != nil {
			return err
		}
		if err := rest(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// partialAcks leaves one broker of three: it may take a record, and nobody may be told so.
func partialAcks(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	list := rng.Perm(brokers)
	for _, i := range list[:2] {
		r.pauseBroker(i, true)
	}
	err := rest(ctx, lasting(6*time.Second, long))
	for _, i := range list[:2] {
		r.pauseBroker(i, false)
	}
	if err != nil {
		return err
	}
	if err := rest(ctx, 4*time.Second); err != nil {
		return err
	}
	for _, i := range list[1:] {
		r.killBroker(i)
	}
	err = rest(ctx, lasting(6*time.Second, long))
	for _, i := range list[1:] {
		if failed := r.startBroker(i); failed != nil {
			return failed
		}
	}
	return err
}

func redisFlushed(ctx context.Context, r *rig, rng *rand.Rand, long bool) error {
	for range 3 {
		if err := r.live.FlushAll(ctx).Err(); err != nil {
			return fmt.Errorf("flush Redis: %w", err)
		}
		if err := rest(ctx, lasting(2*time.Second+time.Duration(rng.Int64N(int64(2*time.Second))), long)); err != nil {
			return err
		}
	}
	return nil
}

func redisDown(ctx context.Context, r *rig, _ *rand.Rand, long bool) error {
	r.redis.hold()
	err := rest(ctx, lasting(10*time.Second, long))
	r.redis.release()
	return err
}

func redisSlow(ctx context.Context, r *rig, _ *rand.Rand, long bool) error {
	r.redisWire.delay.Store(int64(250 * time.Millisecond))
	err := rest(ctx, lasting(10*time.Second, long))
	r.redisWire.delay.Store(0)
	r.redisWire.sever(true) // and the connections break on top of it
	r.redisWire.sever(false)
	return err
}

func clickHouseDown(ctx context.Context, r *rig, _ *rand.Rand, long bool) error {
	away := 30 * time.Second
	if long {
		away = 3 * time.Minute
	}
	r.engine.hold()
	err := rest(ctx, away)
	r.engine.release()
	return err
}

func clickHouseLies(ctx context.Context, r *rig, _ *rand.Rand, long bool) error {
	told := r.engineLiar.swallows.Load()
	r.engineLiar.share.Store(50)
	err := rest(ctx, lasting(15*time.Second, long))
	r.engineLiar.share.Store(0)
	if told = r.engineLiar.swallows.Load() - told; err == nil && told == 0 {
		return fmt.Errorf("no answer of ClickHouse was swallowed")
	}
	return err
}
