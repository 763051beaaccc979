package store_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

func TestTopicsAreMadeOnceAndNeverResized(t *testing.T) {
	client, err := kgo.NewClient(kgo.SeedBrokers(servers.Kafka(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	admin, topics := kadm.NewClient(client), store.Topics{Prefix: "ct"}
	cfg := store.TopicConfig{Generation: 1, Partitions: 3, Replication: 1}
	first, err := store.EnsureTopics(t.Context(), admin, topics, cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.EnsureTopics(t.Context(), admin, topics, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{topics.Events(1), topics.Catalog(), topics.Heartbeats(), topics.DeadLetters()} {
		if first[name] == (kadm.TopicID{}) || first[name] != again[name] {
			t.Errorf("topic %s has id %v, then %v", name, first[name], again[name])
		}
	}
	configs, err := admin.DescribeTopicConfigs(t.Context(), topics.Catalog(), topics.Heartbeats())
	if err != nil {
		t.Fatal(err)
	}
	policy := map[string]string{}
	for _, topic := range configs {
		for _, config := range topic.Configs {
			if config.Key == "cleanup.policy" {
				policy[topic.Name] = config.MaybeValue()
			}
		}
	}
	if policy[topics.Catalog()] != "compact" || !strings.Contains(policy[topics.Heartbeats()], "delete") {
		t.Errorf("cleanup policies are %v", policy)
	}
	cfg.Partitions = 4
	if _, err := store.EnsureTopics(t.Context(), admin, topics, cfg); err == nil || !strings.Contains(err.Error(), "another generation") {
		t.Errorf("another partition count gave %v, want an error that says what to do", err)
	}
}
