package servers_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/test/servers"
)

func TestANodesClockIsSet(t *testing.T) {
	cluster := servers.BrokerCluster(t, servers.BrokerClocks())
	if _, err := admin(t, cluster.Seeds()).CreateTopic(t.Context(), 1, 1, map[string]*string{"message.timestamp.type": new("LogAppendTime")}, "events"); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.Seeds()...), kgo.ConsumeTopics("events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute, 0} {
		if err := cluster.SetClock(0, off); err != nil {
			t.Fatal(err)
		}
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "events"}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		read := client.PollRecords(t.Context(), 1).Records()
		if len(read) != 1 {
			t.Fatalf("read %d records", len(read))
		}
		if got := time.Until(read[0].Timestamp); (got - off).Abs() > time.Minute {
			t.Errorf("the log's time is %v off, want %v", got, off)
		}
	}
}
