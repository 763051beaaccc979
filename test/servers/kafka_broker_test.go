package servers_test

import (
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

func TestAKilledNodeLosesTheLeadAndComesBack(t *testing.T) {
	began := time.Now()
	cluster := servers.BrokerCluster(t, servers.Brokers(3))
	t.Logf("three nodes answer after %v", time.Since(began))
	client := admin(t, cluster.Seeds())
	if _, err := client.CreateTopic(t.Context(), 1, 3, nil, "events"); err != nil {
		t.Fatal(err)
	}
	leader := cluster.Leader("events", 0)
	cluster.Kill(leader)
	eventually(t, "another leader", func() bool { return cluster.Leader("events", 0) != leader })
	cluster.Restart(leader)
	eventually(t, "all three replicas in sync", func() bool {
		details, err := client.ListTopics(t.Context(), "events")
		return err == nil && len(details["events"].Partitions[0].ISR) == 3
	})
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

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute in vain: %s", what)
		}
		<-time.After(50 * time.Millisecond)
	}
}
