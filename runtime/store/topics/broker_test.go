package topics_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

func admin(t *testing.T, seeds []string) *kadm.Client {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(seeds...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return kadm.NewClient(client)
}

// reporting is cfg with what is short collected in the list it returns.
func reporting(cfg topics.Config) (topics.Config, *[]string) {
	var short []string
	cfg.Report = func(s topics.Shortfall) { short = append(short, s.String()) }
	return cfg, &short
}

func TestThreeBrokersKeepEveryTopicThreeTimes(t *testing.T) {
	client, names := admin(t, servers.Broker(t, servers.Brokers(3))), topics.Names{Prefix: "ct"}
	cfg, short := reporting(topics.Config{Generation: 1, Partitions: 4, Replication: topics.Replication})
	for range 5 { // a broker that has not heard of a new topic yet must not fail its making
		cfg.Generation++
		if _, err := topics.Ensure(t.Context(), client, names, cfg); err != nil {
			t.Fatal(err)
		}
	}
	if len(*short) > 0 {
		t.Errorf("three brokers are reported as short: %q", *short)
	}
	all := []string{names.Events(cfg.Generation), names.Catalog(), names.Heartbeats(), names.DeadLetters()}
	details, err := client.ListTopics(t.Context(), all...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if len(details[name].Partitions) == 0 {
			t.Errorf("topic %s has no partitions", name)
		}
		for _, partition := range details[name].Partitions {
			if len(partition.Replicas) != 3 {
				t.Errorf("partition %d of %s has replicas %v, want 3", partition.Partition, name, partition.Replicas)
			}
		}
	}
	configs, err := client.DescribeTopicConfigs(t.Context(), all...)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range configs {
		got := map[string]string{}
		for _, config := range topic.Configs {
			if config.Key == "min.insync.replicas" || config.Key == "unclean.leader.election.enable" {
				got[config.Key] = config.MaybeValue()
			}
		}
		if diff := cmp.Diff(map[string]string{"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}, got); diff != "" {
			t.Errorf("topic %s (-want +got):\n%s", topic.Name, diff)
		}
	}

	// A topic that somebody made with less is left as it is, and told of.
	weak := topics.Names{Prefix: "weak"}
	settings := map[string]*string{
		"min.insync.replicas": new("1"), "unclean.leader.election.enable": new("true"), "cleanup.policy": new("delete"),
		"retention.bytes": new("1000000"), "max.message.bytes": new("1000"), "message.timestamp.type": new("LogAppendTime"),
		"message.timestamp.before.max.ms": new("3600000"),
	}
	if _, err := client.CreateTopic(t.Context(), 1, 2, settings, weak.Catalog()); err != nil {
		t.Fatal(err)
	}
	cfg, short = reporting(topics.Config{Generation: 1, Partitions: 4, Replication: topics.Replication})
	if _, err := topics.Ensure(t.Context(), client, weak, cfg); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"topic weak.catalog: replication.factor is 2, want 3",
		"topic weak.catalog: min.insync.replicas is 1, want 2",
		"topic weak.catalog: unclean.leader.election.enable is true, want false",
		"topic weak.catalog: cleanup.policy is delete, want compact",
		"topic weak.catalog: retention.bytes is 1000000, want -1",
		"topic weak.catalog: delete.retention.ms is 86400000, want 604800000", // Kafka's default, a day
		"topic weak.catalog: max.message.bytes is 1000, want 1048576",
		"topic weak.catalog: message.timestamp.type is LogAppendTime, want CreateTime",
		"topic weak.catalog: message.timestamp.before.max.ms is 3600000, want 9223372036854775807",
	}
	if diff := cmp.Diff(want, *short); diff != "" {
		t.Errorf("what is reported (-want +got):\n%s", diff)
	}
}

func TestOneBrokerIsReportedAndCannotPretend(t *testing.T) {
	client := admin(t, servers.Broker(t))
	names := topics.Names{Prefix: servers.Prefix(t)}
	if _, err := topics.Ensure(t.Context(), client, names, topics.Config{Generation: 1, Partitions: 1, Replication: 3}); !errors.Is(err, kerr.InvalidReplicationFactor) {
		t.Errorf("three replicas on one broker: %v", err)
	}
	cfg, short := reporting(topics.Config{Generation: 1, Partitions: 1, Replication: 1})
	if _, err := topics.Ensure(t.Context(), client, names, cfg); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{names.Events(1), names.Catalog(), names.Heartbeats(), names.DeadLetters()} {
		for _, text := range []string{": replication.factor is 1, want 3", ": min.insync.replicas is 1, want 2"} {
			if !slices.Contains(*short, "topic "+name+text) {
				t.Errorf("not reported: topic %s%s", name, text)
			}
		}
	}
	if len(*short) != 8 {
		t.Errorf("reported: %q", *short)
	}
}
