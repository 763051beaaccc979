package topics

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
)

// What an acknowledged record is worth: it survives the loss of any one broker, and a second one going away
// stops the log rather than thinning it.
const (
	// Replication is how many brokers hold each partition.
	Replication = 3
	// MinInSync is how many of them must have a record before it is acknowledged.
	MinInSync = 2
)

const (
	replicationFactor = "replication.factor"
	minInSync         = "min.insync.replicas"
	uncleanElection   = "unclean.leader.election.enable"
	cleanupPolicy     = "cleanup.policy"
)

// Shortfall is one setting of a topic under which it keeps less than a pipeline wants kept.
type Shortfall struct {
	Topic   string
	Setting string // replication.factor, or the name of a topic config
	Got     string
	Want    string // of a number: at least
}

// String says what is short, for a condition or a log line.
func (s Shortfall) String() string {
	return fmt.Sprintf("topic %s: %s is %s, want %s", s.Topic, s.Setting, s.Got, s.Want)
}

// shortfalls looks at what the topics really have, whoever made them.
func shortfalls(ctx context.Context, client *kadm.Client, details kadm.TopicDetails, all []wantedTopic) ([]Shortfall, error) {
	names := make([]string, len(all))
	for i, topic := range all {
		names[i] = topic.name
	}
	described, err := client.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("describe topics: %w", err)
	}
	var short []Shortfall
	for _, topic := range all {
		resource, err := described.On(topic.name, nil)
		if err == nil {
			err = resource.Err
		}
		if err != nil {
			return nil, fmt.Errorf("describe topic %s: %w", topic.name, err)
		}
		has := map[string]string{replicationFactor: strconv.Itoa(fewestReplicas(details[topic.name]))}
		for _, config := range resource.Configs {
			has[config.Key] = config.MaybeValue()
		}
		short = append(short, compare(topic, has)...)
	}
	return short, nil
}

func compare(topic wantedTopic, has map[string]string) []Shortfall {
	var short []Shortfall
	atLeast := func(setting string, want int) {
		if n, err := strconv.Atoi(has[setting]); err != nil || n < want {
			short = append(short, Shortfall{topic.name, setting, has[setting], strconv.Itoa(want)})
		}
	}
	exactly := func(setting, want string) {
		if has[setting] != want {
			short = append(short, Shortfall{topic.name, setting, has[setting], want})
		}
	}
	atLeast(replicationFactor, Replication)
	atLeast(minInSync, MinInSync)
	exactly(uncleanElection, "false")
	exactly(cleanupPolicy, *topic.configs[cleanupPolicy])
	return short
}

func fewestReplicas(topic kadm.TopicDetail) int {
	fewest := math.MaxInt
	for _, partition := range topic.Partitions {
		fewest = min(fewest, len(partition.Replicas))
	}
	return fewest
}
