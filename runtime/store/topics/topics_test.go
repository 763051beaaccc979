package topics_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

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

// TestABrokerThatHasNotHeardOfATopicYetIsAskedAgain plays what a cluster of real brokers does now and then: the
// controller has made the topic, and the broker that is asked next does not know it yet.
func TestABrokerThatHasNotHeardOfATopicYetIsAskedAgain(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	var asked atomic.Int32
	cluster.ControlKey(int16(kmsg.Metadata), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		metadata := request.(*kmsg.MetadataRequest)
		if len(metadata.Topics) == 0 || asked.Add(1) > 3 {
			return nil, nil, false
		}
		response := metadata.ResponseKind().(*kmsg.MetadataResponse)
		for _, topic := range metadata.Topics {
			unknown := kmsg.NewMetadataResponseTopic()
			unknown.Topic, unknown.ErrorCode = topic.Topic, kerr.UnknownTopicOrPartition.Code
			response.Topics = append(response.Topics, unknown)
		}
		return response, nil, true
	})
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	names := topics.Names{Prefix: "ct"}
	ids, err := topics.Ensure(t.Context(), kadm.NewClient(client), names, topics.Config{Generation: 1, Partitions: 3, Replication: 1})
	if err != nil || len(ids) != 4 {
		t.Errorf("%d ids, %v; want four", len(ids), err)
	}
	if asked.Load() <= 3 {
		t.Error("the broker was never asked while it did not know the topics")
	}
}
