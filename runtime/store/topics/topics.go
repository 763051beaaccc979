package topics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// HeartbeatRetention bounds how long a process that went away is remembered, and how long a follower
// of the catalog may be away before it reads from the start (design 5).
const HeartbeatRetention = 7 * 24 * time.Hour

// MaxMessage is how large a batch of records may be, in bytes: what our producers fill at most, and Kafka's own default.
const MaxMessage = 1 << 20

const (
	// propagation bounds how long Ensure waits until every broker knows a topic that was just made.
	propagation = 30 * time.Second
	// lookAgain is the time between two looks.
	lookAgain = 50 * time.Millisecond
)

// Config says how Ensure creates what is missing.
type Config struct {
	Generation  uint32
	Partitions  int32         // of events.<generation>, at most event.MaxPartitions
	Replication int16         // 3 in production; min.insync.replicas is one less, at least 1
	Retention   time.Duration // of events; zero: 7 days; negative: for ever
	DeadLetters time.Duration // retention of the dead letters; zero: 90 days; negative: for ever
	// Report is told of every setting under which a topic keeps less than a pipeline wants kept, whoever made
	// the topic and whatever Replication says. Optional.
	Report func(Shortfall)
}

// IDs are Kafka's own ids of the topics by name: a topic that was deleted and made again has another.
type IDs map[string]kadm.TopicID

// Ensure creates the topics of a pipeline where they are missing and returns the ids of all.
// A topic that exists is left as it is; what it lacks is reported. It fails when events.<generation> has another partition count.
func Ensure(ctx context.Context, client *kadm.Client, names Names, cfg Config) (IDs, error) {
	all := wanted(names, cfg)
	for _, topic := range all {
		_, err := client.CreateTopic(ctx, topic.partitions, cfg.Replication, topic.configs, topic.name)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return nil, fmt.Errorf("create topic %s: %w", topic.name, err)
		}
	}
	var details kadm.TopicDetails
	var short []Shortfall
	err := known(ctx, func() (err error) {
		if details, err = look(ctx, client, names, cfg); err == nil && cfg.Report != nil {
			short, err = shortfalls(ctx, client, details, all)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, s := range short {
		cfg.Report(s)
	}
	ids := IDs{}
	for name, detail := range details {
		ids[name] = detail.ID
	}
	return ids, nil
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
			minInSync:       new(strconv.Itoa(max(1, int(cfg.Replication)-1))),
			uncleanElection: new("false"),
			// A cluster's own defaults for these may refuse or drop what is counted here.
			retentionBytes:  new("-1"),
			maxMessage:      new(strconv.Itoa(MaxMessage)),
			timestampType:   new("CreateTime"),
			timestampBefore: new(strconv.FormatInt(math.MaxInt64, 10)),
		}
		for key, value := range pairs {
			all[key] = &value
		}
		return all
	}
	return []wantedTopic{
		{names.Events(cfg.Generation), cfg.Partitions, settings(map[string]string{
			cleanupPolicy: "delete", retentionTime: retention(cfg.Retention, HeartbeatRetention),
		})},
		{names.Catalog(), 1, settings(map[string]string{
			cleanupPolicy: "compact", deleteRetention: week,
		})},
		{names.Heartbeats(), 1, settings(map[string]string{
			cleanupPolicy: "compact,delete", retentionTime: week, deleteRetention: week,
		})},
		{names.DeadLetters(), 1, settings(map[string]string{
			cleanupPolicy: "delete", retentionTime: retention(cfg.DeadLetters, 90*24*time.Hour),
		})},
	}
}

// known calls look again while a broker answers that it does not know a topic: one that was made a moment ago
// is known to the controller first.
func known(ctx context.Context, look func() error) error {
	deadline := time.NewTimer(propagation)
	defer deadline.Stop()
	for {
		err := look()
		if !errors.Is(err, kerr.UnknownTopicOrPartition) && !errors.Is(err, kerr.LeaderNotAvailable) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-deadline.C:
			return err
		case <-time.After(lookAgain):
		}
	}
}

func look(ctx context.Context, client *kadm.Client, names Names, cfg Config) (kadm.TopicDetails, error) {
	events := names.Events(cfg.Generation)
	// Asking for what we may do with a topic passes by the client's cache, which keeps "unknown" for seconds.
	details, err := client.ListTopics(kadm.WithAuthorizedOps(ctx), events, names.Catalog(), names.Heartbeats(), names.DeadLetters())
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	for name, detail := range details {
		if detail.Err != nil {
			return nil, fmt.Errorf("look at topic %s: %w", name, detail.Err)
		}
	}
	if got := len(details[events].Partitions); got != int(cfg.Partitions) {
		return nil, fmt.Errorf("topic %s has %d partitions, not %d: the number of a generation never changes, start another generation", events, got, cfg.Partitions)
	}
	return details, nil
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
