package topics_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

func TestTopicsAreMadeOnceAndNeverResized(t *testing.T) {
	client, err := kgo.NewClient(kgo.SeedBrokers(servers.Kafka(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	admin, names := kadm.NewClient(client), topics.Names{Prefix: "ct"}
	cfg := topics.Config{Generation: 1, Partitions: 3, Replication: 1}
	first, err := topics.Ensure(t.Context(), admin, names, cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, err := topics.Ensure(t.Context(), admin, names, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{names.Events(1), names.Catalog(), names.Heartbeats(), names.DeadLetters()} {
		if first[name] == (kadm.TopicID{}) || first[name] != again[name] {
			t.Errorf("topic %s has id %v, then %v", name, first[name], again[name])
		}
	}
	configs, err := admin.DescribeTopicConfigs(t.Context(), names.Catalog(), names.Heartbeats())
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
	if policy[names.Catalog()] != "compact" || !strings.Contains(policy[names.Heartbeats()], "delete") {
		t.Errorf("cleanup policies are %v", policy)
	}
	cfg.Partitions = 4
	if _, err := topics.Ensure(t.Context(), admin, names, cfg); err == nil || !strings.Contains(err.Error(), "another generation") {
		t.Errorf("another partition count gave %v, want an error that says what to do", err)
	}
}
