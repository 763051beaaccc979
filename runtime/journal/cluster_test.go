package journal

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

const (
	topic      = "ct.events.0"
	heartbeats = "ct.heartbeats"
	partitions = 4
	patience   = time.Minute // of a test that waits for something that must come
)

func newCluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	opts = append(opts, kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic), kfake.SeedTopics(1, heartbeats))
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newAccepter(t testing.TB, c *kfake.Cluster, change func(*Config)) *Accepter {
	t.Helper()
	return newAccepterOn(t, c.ListenAddrs(), change)
}

func newAccepterOn(t testing.TB, seeds []string, change func(*Config)) *Accepter {
	t.Helper()
	cfg := Config{
		GenerationAt: func(int64) *catalogpb.Generation {
			return &catalogpb.Generation{Topic: topic, Partitions: partitions}
		},
		HeartbeatTopic: heartbeats, Pod: "eu-0", Version: "test",
	}
	if change != nil {
		change(&cfg)
	}
	client, err := kgo.NewClient(append(ClientOpts(cfg.DeliveryTimeout, cfg.MaxInFlight), kgo.SeedBrokers(seeds...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	cfg.Client, cfg.Ship = client, shipClient(t, seeds)
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func shipClient(t testing.TB, seeds []string) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(ShipOpts(), kgo.SeedBrokers(seeds...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func click(ad string) *event.Event {
	return &event.Event{
		EventType: event.EventType_EVENT_TYPE_CLICK, Origin: event.Origin_ORIGIN_OWN,
		Timestamp: 1_790_000_000_000, CampaignId: "spring-sale", AdId: ad,
	}
}

// logged reads what the topic holds now, whatever partition it is in, in the order of each.
func logged(t testing.TB, c *kfake.Cluster, name string) []*kgo.Record {
	t.Helper()
	return loggedOn(t, c.ListenAddrs(), name)
}

func loggedOn(t testing.TB, seeds []string, name string) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.ConsumeTopics(name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, name)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	ends.Each(func(end kadm.ListedOffset) { want += int(end.Offset) })
	var records []*kgo.Record
	for len(records) < want {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("reading %s: %v, %d of %d records seen", name, err, len(records), want)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

func decode(t testing.TB, records []*kgo.Record) []*event.Event {
	t.Helper()
	events := make([]*event.Event, len(records))
	for i, r := range records {
		events[i] = &event.Event{}
		if err := event.Decode(r.Value, events[i]); err != nil {
			t.Fatal(err)
		}
		if int32(event.SrcPart(events[i].SrcPart).Partition()) != r.Partition {
			t.Errorf("record of src_part %x lies in partition %d", events[i].SrcPart, r.Partition)
		}
	}
	return events
}

// hold keeps every produce to the event topic unanswered until release is called.
func hold(t testing.TB, c *kfake.Cluster) (release func()) {
	gate := make(chan struct{})
	open := false
	release = func() {
		if !open {
			open = true
			close(gate)
		}
	}
	t.Cleanup(release)
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		c.SleepControl(func() { <-gate })
		return nil, nil, false
	})
	return release
}

// refuse answers produces with the error code that choose gives; 0 lets the broker do its work.
func refuse(c *kfake.Cluster, choose func() int16) {
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		produce := req.(*kmsg.ProduceRequest)
		code := choose()
		if code == 0 {
			return nil, nil, false
		}
		resp := produce.ResponseKind().(*kmsg.ProduceResponse)
		for i := range produce.Topics {
			in := &produce.Topics[i]
			out := kmsg.NewProduceResponseTopic()
			out.Topic, out.TopicID = in.Topic, in.TopicID
			for j := range in.Partitions {
				p := kmsg.NewProduceResponseTopicPartition()
				p.Partition, p.ErrorCode = in.Partitions[j].Partition, code
				out.Partitions = append(out.Partitions, p)
			}
			resp.Topics = append(resp.Topics, out)
		}
		return resp, nil, true
	})
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("did not happen within %v: %s", patience, what)
		}
		<-time.After(time.Millisecond)
	}
}
