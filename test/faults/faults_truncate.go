package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

const (
	// stoppedWithin bounds how long aggregators may take to see that the log is not the one they loaded.
	stoppedWithin = time.Minute
	// backlogFor is how long the log grows while nobody loads it.
	backlogFor = 5 * time.Second
)

// logTruncated destroys records that were acknowledged and not yet loaded. They are lost, and nobody may
// go on as if they had never been: the partition stops and says why. The others go on. What was
// destroyed, and what waits behind it, is taken off the auditor's record.
func logTruncated(ctx context.Context, r *rig, _ *rand.Rand, _ bool) error {
	for _, one := range r.fleet.aggregators {
		one.hold()
	}
	err := rest(ctx, backlogFor)
	at, failed := loaded(ctx, r.stores, r.pipeline.prefix)
	ends, failed2 := logEnds(ctx, r.stores, r.events())
	if err = errors.Join(err, failed, failed2); err != nil {
		return err
	}
	partition, cut := int32(0), int64(0)
	for p, end := range ends {
		if end-at[p] > ends[partition]-at[partition] || cut == 0 {
			partition, cut = p, at[p]+(end-at[p])/2
		}
	}
	if cut <= at[partition] {
		return fmt.Errorf("nothing to destroy: partition %d is loaded to %d of %d", partition, at[partition], ends[partition])
	}
	destroyed, err := r.readKeys(ctx, partition, at[partition], cut)
	if err != nil {
		return err
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(r.events(), partition, cut, -1)
	if _, err := r.admin.DeleteRecords(ctx, offsets); err != nil {
		return fmt.Errorf("delete records: %w", err)
	}
	for _, one := range r.fleet.aggregators {
		one.release()
	}
	if err := r.awaitCondition(ctx, "LogTruncated"); err != nil {
		return err
	}
	if err := rest(ctx, 5*time.Second); err != nil {
		return err
	}
	now, err := loaded(ctx, r.stores, r.pipeline.prefix)
	if err != nil {
		return err
	}
	if now[partition] != at[partition] {
		return fmt.Errorf("partition %d was loaded to %d, %d records were destroyed behind it, and the load went on to %d", partition, at[partition], len(destroyed), now[partition])
	}
	r.audit.forgive(destroyed)
	say("    %d acknowledged events were destroyed on purpose; partition %d stands still", len(destroyed), partition)
	if r.bin.recovers {
		return r.recover(ctx)
	}
	r.held[partition] = cut
	return nil
}

// recover has `clicktally recover` decide that the stopped partitions go on.
func (r *rig) recover(ctx context.Context) error {
	command := exec.CommandContext(ctx, r.bin.clicktally, "recover", "--partition", "all", "--yes", "--by", "the fault harness",
		"--kafka", strings.Join(r.seeds, ","), "--topic-prefix", r.pipeline.prefix, "--redis", r.redisAddr,
		"--clickhouse", r.engineAddr, "--clickhouse-http", "--database", r.pipeline.prefix)
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("clicktally recover: %w: %s", err, output)
	}
	for line := range strings.Lines(string(output)) {
		say("    %s", strings.TrimSpace(line))
	}
	return r.readShifts(ctx)
}

// readShifts learns what turns the offsets of a log into those that its rows have.
func (r *rig) readShifts(ctx context.Context) error {
	rows, err := r.history.Query(ctx, "SELECT toInt64(src_part), toInt64(to_off), toInt64(log_off) FROM "+
		store.Quote(r.pipeline.prefix)+".recoveries FINAL ORDER BY to_off")
	if err != nil {
		return fmt.Errorf("read recoveries: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var part, to, log int64
		if err := rows.Scan(&part, &to, &log); err != nil {
			return fmt.Errorf("read recoveries: %w", err)
		}
		r.shift[int32(part&0xffff)] = to - log
	}
	return rows.Err()
}

// topicRecreated deletes the topic of events, all of which are loaded, and makes it again: its offsets
// mean other records now.
func topicRecreated(ctx context.Context, r *rig, _ *rand.Rand, _ bool) error {
	r.load.rest()
	if _, err := r.recovered(ctx); err != nil {
		return err
	}
	for _, one := range r.fleet.aggregators {
		one.hold()
	}
	for _, one := range r.fleet.trackers {
		one.hold()
	}
	before, err := loaded(ctx, r.stores, r.pipeline.prefix)
	if err != nil {
		return err
	}
	if _, err := r.admin.DeleteTopics(ctx, r.events()); err != nil {
		return fmt.Errorf("delete the topic of events: %w", err)
	}
	var ids topics.IDs
	err = await(ctx, stoppedWithin, "the topic to be made again", func() (err error) {
		ids, err = topics.Ensure(ctx, r.admin, r.pipeline.names, topics.Config{Generation: generation, Partitions: partitions, Replication: r.replication})
		return err
	})
	if err != nil {
		return err
	}
	for _, one := range append(append([]*process{}, r.fleet.trackers...), r.fleet.aggregators...) {
		one.release()
	}
	r.load.resume()
	if err := r.awaitCondition(ctx, "TopicReplaced"); err != nil {
		return err
	}
	if err := rest(ctx, 5*time.Second); err != nil {
		return err
	}
	after, err := loaded(ctx, r.stores, r.pipeline.prefix)
	if err != nil {
		return err
	}
	for p := range before {
		if after[p] != before[p] {
			return fmt.Errorf("partition %d was loaded to %d of the old topic, and to %d since it was replaced", p, before[p], after[p])
		}
	}
	if !r.bin.recovers {
		for p := range before {
			r.held[p] = 0
		}
		return nil
	}
	if err := r.recover(ctx); err != nil {
		return err
	}
	r.pipeline.stop() // recover has written the new ids, and fenced the publisher, which goes on with them
	return r.pipeline.publish(ctx, r.stores, ids)
}

// awaitCondition waits until an aggregator says that it stopped a partition for this reason.
func (r *rig) awaitCondition(ctx context.Context, condition string) error {
	return await(ctx, stoppedWithin, "a partition to stop with "+condition, func() error {
		for _, admin := range r.fleet.admins[trackers:] {
			text, err := body(ctx, "http://"+admin+"/readyz")
			if err == nil && strings.Contains(text, condition) {
				return nil
			}
		}
		return errors.New("nobody says so")
	})
}

func body(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// readKeys reads the auditor's keys of the records of [from, to) of a partition.
func (r *rig) readKeys(ctx context.Context, partition int32, from, to int64) ([]string, error) {
	if from >= to {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	reader, err := kgo.NewClient(kgo.SeedBrokers(r.seeds...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		r.events(): {partition: kgo.NewOffset().At(from)},
	}))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var keys []string
	for next := from; next < to; {
		fetches := reader.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read the log of partition %d from %d: %w", partition, next, err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			var e event.Event
			if next = record.Offset + 1; record.Offset < to && event.Decode(record.Value, &e) == nil {
				keys = append(keys, keyOf(&e))
			}
		})
	}
	return keys, nil
}

func keyOf(e *event.Event) string {
	if e.Origin == event.Origin_ORIGIN_OWN {
		return e.EventIDText()
	}
	return fmt.Sprintf("%s@%d", e.EventIDText(), e.Timestamp)
}

// forgiveHeld takes off the auditor's record what waits in partitions that stand still.
func (r *rig) forgiveHeld(ctx context.Context, ends map[int32]int64) error {
	for partition, from := range r.held {
		keys, err := r.readKeys(ctx, partition, from, ends[partition])
		if err != nil {
			return err
		}
		r.audit.forgive(keys)
		r.held[partition] = ends[partition]
	}
	return nil
}
