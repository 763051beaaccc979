package servers_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/test/servers"
)

// admin is a client of a broker that closes with the test.
func admin(t *testing.T, seeds []string) *kadm.Client {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.MetadataMinAge(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return kadm.NewClient(client)
}

func TestTheSharedBrokerIsOneAndPrefixesKeepTestsApart(t *testing.T) {
	seeds := servers.Broker(t)
	if again := servers.Broker(t); !slices.Equal(seeds, again) {
		t.Errorf("two brokers: %v and %v", seeds, again)
	}
	for range 2 {
		topic := servers.Prefix(t) + ".events"
		if _, err := admin(t, seeds).CreateTopic(t.Context(), 1, 1, nil, topic); err != nil {
			t.Errorf("create %s: %v", topic, err)
		}
	}
	if _, err := admin(t, seeds).CreateTopic(t.Context(), 1, 2, nil, servers.Prefix(t)); err == nil {
		t.Error("one broker took a topic with two replicas")
	}
}

func TestAKilledNodeComesBackWithWhatItHad(t *testing.T) {
	cluster := servers.BrokerCluster(t)
	client := admin(t, cluster.Seeds())
	if _, err := client.CreateTopic(t.Context(), 1, 1, nil, "events"); err != nil {
		t.Fatal(err)
	}
	if leader := cluster.Leader("events", 0); leader != 0 {
		t.Errorf("node %d leads, and there is one", leader)
	}
	cluster.Kill(0)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := client.ListTopics(ctx); err == nil {
		t.Error("a killed node answers")
	}
	cluster.Restart(0)
	if topics, err := client.ListTopics(t.Context(), "events"); err != nil || topics["events"].Err != nil {
		t.Errorf("after a restart: %v, %v", err, topics["events"].Err)
	}
}

// TestTheScriptAndThisPackageMeanTheSameKafka keeps the two places of the version together.
func TestTheScriptAndThisPackageMeanTheSameKafka(t *testing.T) {
	pom, err := os.ReadFile("../../hack/kafka/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "<kafka.version>" + servers.KafkaVersion + "</kafka.version>"; !strings.Contains(string(pom), want) {
		t.Errorf("hack/kafka/pom.xml does not say %s", want)
	}
}
