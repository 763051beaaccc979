package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// faults is the list, in the order in which they are run.
func faults() []fault {
	return []fault{
		{name: "calm", says: "nothing happens: the harness itself must balance", strike: calm},
		{name: "storm", runs: stormRuns, says: "every kind of process is killed at once, aggregators at random failpoints", strike: storm},
		{name: "kill-tracker", says: "kill -9 of trackers at random moments", strike: killTrackers},
		{name: "kill-aggregator", says: "kill -9 of aggregators, their partitions wait for the session timeout", strike: killAggregators},
		{name: "kill-at-failpoints", says: "kill -9 of an aggregator before and after each of its effects", strike: killAtFailpoints},
		{name: "refuse-at-failpoints", says: "each effect of an aggregator answers an error, before or after it was applied", strike: refuseAtFailpoints},
		{name: "zombie", says: "SIGSTOP of aggregators past their session timeout, at random and inside an effect, then SIGCONT", strike: zombie},
		{name: "rebalance-storm", says: "aggregators come and go every second", strike: rebalanceStorm},
		{name: "broker-killed", says: "kill -9 of the broker that leads a partition", missing: needsBrokers, strike: brokerKilled},
		{name: "broker-slow", says: "each broker stops for seconds", missing: needsBrokers, strike: brokerSlow},
		{name: "partial-acks", says: "two of three brokers are gone: below min.insync.replicas nothing may be promised", missing: needsBrokers, strike: partialAcks},
		{name: "redis-flushed", says: "FLUSHALL", strike: redisFlushed},
		{name: "redis-down", says: "Redis is killed and away for seconds", strike: redisDown},
		{name: "redis-slow", says: "every answer of Redis takes a quarter of a second", strike: redisSlow},
		{name: "clickhouse-down", says: "ClickHouse is killed and away", strike: clickHouseDown},
		{name: "clickhouse-lies", says: "ClickHouse carries statements out and answers an error, or nothing", strike: clickHouseLies},
		{name: "clock-jumps", says: "the trackers' clocks jump 10 minutes ahead, then 10 minutes behind", strike: clockJumps},
		{name: "broker-clocks", says: "one broker's clock jumps 10 minutes ahead, then all go 10 minutes behind", missing: needsBrokers, strike: brokerClocks},
		{name: "poison", says: "random bytes, oversized records and naughty strings straight into the log", strike: poison, check: deadLettersTold},
		{name: "stuck-partition", says: "one worker's flush hangs over the end of a minute: nobody may call the minute complete", strike: stuckPartition},
		{name: "journal-killed", missing: needsJournal, says: "Kafka is away, trackers die before and after each step of their journals", strike: journalKilled},
		{name: "journal-torn", missing: needsJournal, says: "Kafka is away, trackers die in the middle of a write to their journals", strike: journalTorn},
		{name: "disk-full", alone: true, disks: true, missing: needsDisk, says: "Kafka is away and the journals' disks are full", strike: diskFull},
		{name: "disk-read-only", alone: true, disks: true, missing: needsDisk, says: "Kafka is away and the journals' disks turn read-only", strike: diskReadOnly},
		{name: "log-truncated", alone: true, says: "records above the load position are deleted: the partition stops, and nothing is skipped", strike: logTruncated},
		{name: "topic-recreated", alone: true, says: "the topic is deleted and made again: nothing of the new one is taken for the old", strike: topicRecreated},
		{name: "idle-partition", alone: true, only: "ad-1", says: "all traffic is of one ad: partitions without events must not hold up the others", strike: calm, check: idleIsComplete},
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

func needsBrokers(c *campaignOfFaults) string {
	if c.stores.cluster == nil {
		return "there is no Apache Kafka"
	}
	return ""
}

// rest waits, and fails when the run is interrupted.
func rest(ctx context.Context, d time.Duration) error {
	if !pause(ctx, d) {
		return fmt.Errorf("interrupted: %w", ctx.Err())
	}
	return nil
}
