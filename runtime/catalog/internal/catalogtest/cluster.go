// Package catalogtest brings up what the tests of the catalog's packages share: a catalog topic, on a
// Kafka in process or on a real broker, and records to publish.
package catalogtest

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// Topic is the catalog topic on a Kafka in process.
const Topic = "ct.catalog"

// Patience bounds every wait of a test.
const Patience = time.Minute

// Cluster is a Kafka with a catalog topic.
type Cluster struct {
	*kfake.Cluster // nil after On

	// Options reach it.
	Options []kgo.Opt
	// Topic is the catalog's.
	Topic string
}

// Start starts a Kafka in process with an empty catalog topic; it stops with the test.
func Start(t testing.TB) *Cluster {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, Topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return &Cluster{Cluster: fake, Options: []kgo.Opt{kgo.SeedBrokers(fake.ListenAddrs()...)}, Topic: Topic}
}

// On makes an empty catalog topic on a broker that others use too; prefix is nobody else's.
func On(t testing.TB, seeds []string, prefix string) *Cluster {
	t.Helper()
	c := &Cluster{Options: []kgo.Opt{kgo.SeedBrokers(seeds...)}, Topic: topics.Names{Prefix: prefix}.Catalog()}
	client, err := kgo.NewClient(c.Options...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	compact := map[string]*string{"cleanup.policy": new("compact")}
	admin := kadm.NewClient(client)
	if _, err := admin.CreateTopic(t.Context(), 1, 1, compact, c.Topic); err != nil {
		t.Fatal(err)
	}
	// A broker answers that a topic is made before it serves it.
	for deadline := time.Now().Add(Patience); ; <-time.After(10 * time.Millisecond) {
		ends, err := admin.ListEndOffsets(t.Context(), c.Topic)
		if err == nil {
			err = ends.Error()
		}
		if err == nil {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("the broker does not serve the topic that it made: %v", err)
		}
	}
}

// Config is the publisher's, with one owner.
func (c *Cluster) Config() publish.Config {
	return publish.Config{
		Options: c.Options, Topic: c.Topic, TransactionalID: c.Topic + "-publisher", Cluster: "cluster-1", Object: "object-1",
	}
}

// Publisher opens a publisher that closes with the test.
func (c *Cluster) Publisher(t testing.TB) *publish.Publisher {
	t.Helper()
	p, err := publish.Open(t.Context(), c.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Write produces values as they are, outside any transaction; a nil value is a tombstone.
func (c *Cluster) Write(t testing.TB, key string, value []byte) {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner())}, c.Options...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: c.Topic, Key: []byte(key), Value: value}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// End returns the end of the log, everything counted, once no transaction is open in it: a real broker answers a
// commit before it has written the marker.
func (c *Cluster) End(t testing.TB) int64 {
	t.Helper()
	client, err := kgo.NewClient(c.Options...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin, end := kadm.NewClient(client), int64(0)
	Eventually(t, "the end of all transactions", func() bool {
		ends, err := admin.ListEndOffsets(t.Context(), c.Topic)
		if err != nil {
			t.Fatal(err)
		}
		stable, err := admin.ListCommittedOffsets(t.Context(), c.Topic)
		if err != nil {
			t.Fatal(err)
		}
		last, _ := ends.Lookup(c.Topic, 0)
		settled, _ := stable.Lookup(c.Topic, 0)
		end = last.Offset
		return settled.Offset == end
	})
	return end
}

// Pipeline is the pipeline record of Config's owner.
func Pipeline() *catalogpb.Record {
	record := &catalogpb.Record{Body: &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{
		Namespace: "clicktally", Name: "main", OwnerCluster: "cluster-1", OwnerObject: "object-1", Epoch: 1,
		Topics: []*catalogpb.TopicID{{Topic: "ct.events.1", Id: []byte{1}}},
	}}}
	catalog.SetDigest(record)
	return record
}

// Campaign is a campaign record of generation 0, as from a folder.
func Campaign(id, url string) *catalogpb.Record {
	record := &catalogpb.Record{Body: &catalogpb.Record_Campaign{Campaign: &catalogpb.Campaign{
		Id: id, Namespace: "ads", Name: id, OfferPageUrl: url, Trackers: []string{"clicktally/eu"},
	}}}
	catalog.SetDigest(record)
	return record
}

// Eventually polls until done returns true, and fails the test when that takes too long.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", Patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
