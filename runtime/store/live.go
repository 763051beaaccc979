package store

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/clicktally/clicktally/runtime/event"
)

// LiveKept is how long Redis answers for a minute (design 6.4); liveMargin lets a reader at its edge finish.
const (
	LiveKept   = 2 * time.Hour
	liveMargin = 10 * time.Minute
)

// Entity is what live counters are kept for: a kind and the value of that dimension as it stands in
// minute rows (folded values as event.FoldedValue, orphans under the empty campaign).
type Entity struct {
	Kind string
	ID   string
}

// Kinds of entities. All has the empty id.
const (
	EntityAll        = "all"
	EntityCampaign   = "campaign"
	EntityAd         = "ad"
	EntityAdvertiser = "advertiser"
	EntityPublisher  = "publisher"
	EntitySource     = "source"
	EntityCountry    = "country"
)

// LiveShards is how many parts the live counters have in a Redis Cluster: the hash tag of a key is the number of
// its part. All minutes of an entity are in one part, every script touches one key, and each part has a marker of
// its own, so that the loss of any one server is seen.
const LiveShards = 32

// LiveKeys names the Redis keys of one pipeline.
type LiveKeys struct {
	Prefix string // of all keys, the pipeline's topic prefix
}

// Counts is the hash of one minute (unix seconds) and entity: src_part -> ver and counters.
func (k LiveKeys) Counts(minute int64, e Entity) string {
	return k.Prefix + ":live:{" + strconv.Itoa(shardOf(e)) + "}:" + strconv.FormatInt(minute, 10) + ":" + e.Kind + ":" + e.ID
}

// AsOf is the hash src_part -> ms until which the log is in the live counters.
func (k LiveKeys) AsOf() string { return k.Prefix + ":live:asof" }

// Marker is the hash src_part -> 1 of one part of the counters. It is gone when Redis lost that part: open panes
// are written again.
func (k LiveKeys) Marker(shard int) string { return k.shard(shard) + "marker" }

func (k LiveKeys) shard(n int) string { return k.Prefix + ":live:{" + strconv.Itoa(n) + "}:" }

// shardOf is the part of the counters that an entity is in.
func shardOf(e Entity) int {
	h := fnv.New32a()
	h.Write(append(append(append(make([]byte, 0, 128), e.Kind...), ':'), e.ID...))
	return int(h.Sum32() % LiveShards)
}

// Live reads the live counters of one pipeline. It is safe for concurrent use.
type Live struct {
	Client redis.UniversalClient
	Keys   LiveKeys
}

// Minutes returns the counts of an entity per minute in [from, to), at most LiveKept of them, oldest
// first. Minutes without events are zero.
func (l *Live) Minutes(ctx context.Context, e Entity, from, to time.Time) ([]Counts, error) {
	start, end := floorMinute(from).Unix(), ceilMinute(to).Unix()
	start = max(start, end-int64(LiveKept/time.Second))
	pipe := l.Client.Pipeline()
	var answers []*redis.StringSliceCmd
	for minute := start; minute < end; minute += 60 {
		answers = append(answers, pipe.HVals(ctx, l.Keys.Counts(minute, e)))
	}
	if len(answers) == 0 {
		return nil, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read live counters: %w", err)
	}
	counts := make([]Counts, len(answers))
	for i, answer := range answers {
		for _, value := range answer.Val() {
			if err := counts[i].addLive(value); err != nil {
				return nil, fmt.Errorf("read live counters of %s %q: %w", e.Kind, e.ID, err)
			}
		}
	}
	return counts, nil
}

// Sum returns the counts of an entity over [from, to).
func (l *Live) Sum(ctx context.Context, e Entity, from, to time.Time) (Counts, error) {
	minutes, err := l.Minutes(ctx, e, from, to)
	var sum Counts
	for i := range minutes {
		sum.Add(&minutes[i])
	}
	return sum, err
}

// AsOf returns the time until which every partition's log is in the live counters: the earliest of
// all that ever reported, zero when none did.
func (l *Live) AsOf(ctx context.Context) (time.Time, error) {
	values, err := l.Client.HVals(ctx, l.Keys.AsOf()).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time of the live counters: %w", err)
	}
	var earliest time.Time
	for _, value := range values {
		ms, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("read the time of the live counters: %w", err)
		}
		if t := time.UnixMilli(ms).UTC(); earliest.IsZero() || t.Before(earliest) {
			earliest = t
		}
	}
	return earliest, nil
}

func liveField(s event.SrcPart) string { return strconv.FormatUint(uint64(s), 10) }
