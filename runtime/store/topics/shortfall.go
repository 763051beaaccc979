package topics

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

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
	retentionTime     = "retention.ms"
	retentionBytes    = "retention.bytes"
	deleteRetention   = "delete.retention.ms"
	maxMessage        = "max.message.bytes"
	timestampType     = "message.timestamp.type"
	timestampBefore   = "message.timestamp.before.max.ms"
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

// compare looks at what the topic was wanted with, and at the two numbers that are wanted whatever it is made with.
// A setting that the server does not list is one that it does not know.
func compare(topic wantedTopic, has map[string]string) []Shortfall {
	want := map[string]string{replicationFactor: strconv.Itoa(Replication)}
	for setting, value := range topic.configs {
		want[setting] = *value
	}
	want[minInSync] = strconv.Itoa(MinInSync)
	var short []Shortfall
	for _, setting := range settingsInOrder {
		least, wanted := want[setting]
		got, listed := has[setting]
		if wanted && listed && !enough(setting, got, least) {
			short = append(short, Shortfall{topic.name, setting, got, least})
		}
	}
	return short
}

// settingsInOrder is the order of reports.
var settingsInOrder = []string{
	replicationFactor, minInSync, uncleanElection, cleanupPolicy, retentionTime, retentionBytes, deleteRetention,
	maxMessage, timestampType, timestampBefore,
}

// enough compares numbers, of which more is fine and -1 is all, and words, which must be equal.
func enough(setting, got, want string) bool {
	switch setting {
	case uncleanElection, timestampType:
		return got == want
	case cleanupPolicy:
		return sameWords(got, want)
	}
	have, err := strconv.ParseInt(got, 10, 64)
	if err != nil {
		return false
	}
	least, err := strconv.ParseInt(want, 10, 64)
	return err == nil && (have == -1 || least != -1 && have >= least)
}

// sameWords compares lists that Kafka keeps in either order.
func sameWords(a, b string) bool {
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func fewestReplicas(topic kadm.TopicDetail) int {
	fewest := math.MaxInt
	for _, partition := range topic.Partitions {
		fewest = min(fewest, len(partition.Replicas))
	}
	return fewest
}
