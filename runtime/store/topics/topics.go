package topics

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// HeartbeatRetention bounds how long a process that went away is remembered, and how long a follower
// of the catalog may be away before it reads from the start (design 5).
const HeartbeatRetention = 7 * 24 * time.Hour

// Config says how Ensure creates what is missing.
type Config struct {
	Generation  uint32
	Partitions  int32         // of events.<generation>, at most event.MaxPartitions
	Replication int16         // 3 in production; min.insync.replicas is one less, at least 1
	Retention   time.Duration // of events; zero: 7 days; negative: for ever
	DeadLetters time.Duration // retention of the dead letters; zero: 90 days; negative: for ever
}

// IDs are Kafka's own ids of the topics by name: a topic that was deleted and made again has another.
type IDs map[string]kadm.TopicID

// Ensure creates the topics of a pipeline where they are missing and returns the ids of all.
// A topic that exists is left as it is. It fails when events.<generation> has another partition count.
func Ensure(ctx context.Context, client *kadm.Client, names Names, cfg Config) (IDs, error) {
	for _, topic := range wanted(names, cfg) {
		_, err := client.CreateTopic(ctx, topic.partitions, cfg.Replication, topic.configs, topic.name)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return nil, fmt.Errorf("create topic %s: %w", topic.name, err)
		}
	}
	return topicIDs(ctx, client, names, cfg)
}

type wantedTopic struct {
	name       string
	partitions int32
	configs    map[string]*string
}

func wanted(names Names, cfg Config) []wantedTopic {
	week := millis(HeartbeatRetention)
	settings := func(pairs map[string]string) map[string]*string {
		all := map[string]*string{
			"min.insync.replicas":            new(strconv.Itoa(max(1, int(cfg.Replication)-1))),
			"unclean.leader.election.enable": new("false"),
		}
		for key, value := range pairs {
			all[key] = &value
		}
		return all
	}
	return []wantedTopic{
		{names.Events(cfg.Generation), cfg.Partitions, settings(map[string]string{
			"cleanup.policy": "delete", "retention.ms": retention(cfg.Retention, HeartbeatRetention)})},
		{names.Catalog(), 1, settings(map[string]string{
			"cleanup.policy": "compact", "delete.retention.ms": week})},
		{names.Heartbeats(), 1, settings(map[string]string{
			"cleanup.policy": "compact,delete", "retention.ms": week, "delete.retention.ms": week})},
		{names.DeadLetters(), 1, settings(map[string]string{
			"cleanup.policy": "delete", "retention.ms": retention(cfg.DeadLetters, 90*24*time.Hour)})},
	}
}

func topicIDs(ctx context.Context, client *kadm.Client, names Names, cfg Config) (IDs, error) {
	events := names.Events(cfg.Generation)
	details, err := client.ListTopics(ctx, events, names.Catalog(), names.Heartbeats(), names.DeadLetters())
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	ids := IDs{}
	for name, detail := range details {
		if detail.Err != nil {
			return nil, fmt.Errorf("look at topic %s: %w", name, detail.Err)
		}
		ids[name] = detail.ID
	}
	if got := len(details[events].Partitions); got != int(cfg.Partitions) {
		return nil, fmt.Errorf("topic %s has %d partitions, not %d: the number of a generation never changes, start another generation", events, got, cfg.Partitions)
	}
	return ids, nil
}

func retention(d, unset time.Duration) string {
	switch {
	case d == 0:
		return millis(unset)
	case d < 0:
		return "-1"
	}
	return millis(d)
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
