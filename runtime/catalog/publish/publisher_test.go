package publish_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/internal/catalogtest"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/test/servers"
)

const url = "https://shop.example.org/"

// onEach runs test on the Kafka in process and on a real broker.
func onEach(t *testing.T, test func(*testing.T, *catalogtest.Cluster)) {
	t.Run("kfake", func(t *testing.T) { test(t, catalogtest.Start(t)) })
	t.Run("broker", func(t *testing.T) { test(t, catalogtest.On(t, servers.Broker(t), servers.Prefix(t))) })
}

func batch(records ...*catalogpb.Record) publish.Batch {
	return publish.Batch{Records: append([]*catalogpb.Record{catalogtest.Pipeline()}, records...)}
}

func mustPublish(t *testing.T, p *publish.Publisher, b publish.Batch, want ...string) publish.Outcome {
	t.Helper()
	outcome, err := p.Publish(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, outcome.Changed); diff != "" {
		t.Fatalf("keys written (-want +got):\n%s", diff)
	}
	return outcome
}

func TestOnlyTheDifferenceIsWritten(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		mustPublish(t, p, batch(catalogtest.Campaign("a", url), catalogtest.Campaign("b", url)), "campaign/a", "campaign/b", "pipeline")
		end := cluster.End(t)
		mustPublish(t, p, batch(catalogtest.Campaign("a", url), catalogtest.Campaign("b", url)))
		if got := cluster.End(t); got != end {
			t.Errorf("publishing the same again wrote to the log: end %d, was %d", got, end)
		}
		outcome := mustPublish(t, p, batch(catalogtest.Campaign("a", url+"2"), catalogtest.Campaign("b", url)), "campaign/a")
		if outcome.Offset < end || p.Offset("campaign/a") != outcome.Offset || p.Offset("campaign/none") != -1 {
			t.Errorf("offsets: %d, %d", outcome.Offset, p.Offset("campaign/a"))
		}
	})
}

// A publisher looks only at the records that are not those of its last batch: however they came to differ, what is
// new is written, and what is missing stays.
func TestABatchIsHeldAgainstTheLastOne(t *testing.T) {
	cluster := catalogtest.Start(t)
	p := cluster.Publisher(t)
	pipeline := catalogtest.Pipeline()
	a, b, c := catalogtest.Campaign("a", url), catalogtest.Campaign("b", url), catalogtest.Campaign("c", url)
	edited := catalogtest.Campaign("b", url+"2")
	list := func(records ...*catalogpb.Record) publish.Batch {
		return publish.Batch{Records: append(records, pipeline)}
	}
	mustPublish(t, p, list(a, b), "campaign/a", "campaign/b", "pipeline")
	mustPublish(t, p, list(a, edited), "campaign/b")
	mustPublish(t, p, list(a, edited))
	mustPublish(t, p, list(a, c), "campaign/c") // b's object is not listed, which proves nothing
	mustPublish(t, p, list(a, b), "campaign/b")
	if _, err := p.Publish(t.Context(), list(a, a)); err == nil {
		t.Error("two records for one key were published")
	}
	mustPublish(t, p, list(a, edited, c), "campaign/b")
	if record, _ := p.Record("campaign/c"); record == nil {
		t.Error("campaign/c is gone")
	}
}

// What was written ahead of a batch is not written again by it, and is taken back by one that states the old value.
func TestARevisionIsHeldAgainstTheNextBatch(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		pipeline := catalogtest.Pipeline()
		a, b, edited := catalogtest.Campaign("a", url), catalogtest.Campaign("b", url), catalogtest.Campaign("b", url+"2")
		a.Generation, b.Generation, edited.Generation = 1, 1, 2
		list := func(records ...*catalogpb.Record) publish.Batch {
			return publish.Batch{Records: append(records, pipeline)}
		}
		mustRevise := func(record *catalogpb.Record, want ...string) {
			t.Helper()
			outcome, err := p.Revise(t.Context(), []*catalogpb.Record{record})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, outcome.Changed); diff != "" {
				t.Fatalf("keys written (-want +got):\n%s", diff)
			}
		}
		mustPublish(t, p, list(a, b), "campaign/a", "campaign/b", "pipeline")
		mustRevise(b)
		mustRevise(edited, "campaign/b")
		mustRevise(edited)
		mustPublish(t, p, list(a, edited))
		mustPublish(t, p, list(a, b), "campaign/b")
		mustRevise(edited, "campaign/b")
		mustPublish(t, p, list(a, b), "campaign/b")
		mustPublish(t, p, list(a, catalogtest.Campaign("b", url+"3")), "campaign/b")
		mustRevise(edited, "campaign/b")
		mustPublish(t, p, list(a, b), "campaign/b")
		if record := cluster.Publisher(t).Records()["campaign/b"]; !cmp.Equal(record.GetDigest(), b.GetDigest()) {
			t.Errorf("the log holds %v, want %v", record, b)
		}
	})
}

func TestARestartPublishesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		first := cluster.Publisher(t)
		mustPublish(t, first, batch(catalogtest.Campaign("a", url)), "campaign/a", "pipeline")
		mustPublish(t, first, batch(catalogtest.Campaign("a", url+"2")), "campaign/a")
		first.Close()
		end := cluster.End(t)
		second := cluster.Publisher(t)
		mustPublish(t, second, batch(catalogtest.Campaign("a", url+"2")))
		if got := cluster.End(t); got != end {
			t.Errorf("the log grew from %d to %d", end, got)
		}
	})
}

func TestFolderGenerationsCountChanges(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		for i, step := range []struct {
			url  string
			want int64
		}{{url, 1}, {url, 1}, {url + "2", 2}, {url, 3}} {
			if _, err := p.Publish(t.Context(), batch(catalogtest.Campaign("a", step.url))); err != nil {
				t.Fatal(err)
			}
			if got := p.Records()["campaign/a"].GetGeneration(); got != step.want {
				t.Errorf("step %d: generation %d, want %d", i, got, step.want)
			}
		}
		stated := catalogtest.Campaign("a", url+"3")
		stated.Generation = 41
		mustPublish(t, p, batch(stated), "campaign/a")
		if got := p.Records()["campaign/a"].GetGeneration(); got != 41 {
			t.Errorf("a stated generation became %d", got)
		}
	})
}

func TestDeletionNeedsProofAndReleasesTheID(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		source := &catalogpb.Record{Body: &catalogpb.Record_Source{Source: &catalogpb.Source{Namespace: "ads", Id: "s"}}}
		catalog.SetDigest(source)
		mustPublish(t, p, batch(catalogtest.Campaign("a", url), source), "campaign/a", "pipeline", "source/ads/s")
		mustPublish(t, p, batch()) // a shrunk list
		if len(p.Records()) != 3 {
			t.Fatalf("a shrunk list deleted something: %v", p.Records())
		}
		deletion := batch()
		deletion.Deleted = []string{"campaign/a", "source/ads/s", "campaign/unknown"}
		mustPublish(t, p, deletion, "campaign/a", "source/ads/s")
		mustPublish(t, p, deletion) // once
		reopened := cluster.Publisher(t)
		records := reopened.Records()
		if got := records["campaign/a"].GetReleased(); got.GetNamespace() != "ads" || got.GetId() != "a" || records["source/ads/s"] != nil {
			t.Errorf("after deletion the log holds %v", records)
		}
		mustPublish(t, reopened, batch(catalogtest.Campaign("a", url+"2")), "campaign/a")
		if got := reopened.Records()["campaign/a"].GetGeneration(); got != 2 {
			t.Errorf("a campaign that came back has generation %d, want 2: numbers never repeat", got)
		}
	})
}

func TestASecondPublisherFencesTheFirst(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		first := cluster.Publisher(t)
		mustPublish(t, first, batch(), "pipeline")
		second := cluster.Publisher(t)
		_, err := first.Publish(t.Context(), batch(catalogtest.Campaign("old", url)))
		if !errors.Is(err, publish.ErrFenced) {
			t.Fatalf("the first publisher went on: %v", err)
		}
		if _, err := first.Publish(t.Context(), batch()); !errors.Is(err, publish.ErrBroken) {
			t.Errorf("after it was fenced: %v", err)
		}
		mustPublish(t, second, batch(catalogtest.Campaign("new", url)), "campaign/new")
		if got := cluster.Publisher(t).Records(); got["campaign/old"] != nil || got["campaign/new"] == nil {
			t.Errorf("the log holds %v", got)
		}
	})
}

func TestOpenAbortsWhatAPredecessorLeftOpen(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		mustPublish(t, cluster.Publisher(t), batch(), "pipeline")
		dead, err := kgo.NewClient(append([]kgo.Opt{
			kgo.TransactionalID(cluster.Config().TransactionalID), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		}, cluster.Options...)...)
		if err != nil {
			t.Fatal(err)
		}
		defer dead.Close()
		value, err := catalogtest.Campaign("half", url).MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		if err := dead.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		record := &kgo.Record{Topic: cluster.Topic, Key: []byte("campaign/half"), Value: value}
		if err := dead.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if p := cluster.Publisher(t); p.Records()["campaign/half"] != nil || p.Records()["pipeline"] == nil {
			t.Errorf("the successor read %v", p.Records())
		}
	})
}

func TestAnotherOwnerPublishesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		mustPublish(t, cluster.Publisher(t), batch(), "pipeline")
		end := cluster.End(t)
		config := cluster.Config()
		config.Object = "object-2"
		_, err := publish.Open(t.Context(), config)
		if !errors.Is(err, publish.ErrPrefixOwned) || !strings.Contains(err.Error(), "clicktally/main") {
			t.Errorf("open by another owner: %v", err)
		}
		if _, err := cluster.Publisher(t).Publish(t.Context(), publish.Batch{Records: []*catalogpb.Record{
			{Body: &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{OwnerCluster: "cluster-2"}}},
		}}); !errors.Is(err, publish.ErrPrefixOwned) {
			t.Errorf("publish for another owner: %v", err)
		}
		if got := cluster.End(t); got != end {
			t.Errorf("the log grew from %d to %d", end, got)
		}
	})
}

func TestAReplacedTopicStopsPublishingUntilAcknowledged(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		mustPublish(t, p, batch(), "pipeline")
		replaced := catalogtest.Pipeline()
		replaced.GetPipeline().Topics[0].Id = []byte{2}
		catalog.SetDigest(replaced)
		b := publish.Batch{Records: []*catalogpb.Record{replaced, catalogtest.Campaign("a", url)}}
		if _, err := p.Publish(t.Context(), b); !errors.Is(err, publish.ErrTopicReplaced) {
			t.Fatalf("a replaced topic: %v", err)
		}
		config := cluster.Config()
		config.TopicsAcknowledged = true
		acknowledged, err := publish.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer acknowledged.Close()
		mustPublish(t, acknowledged, b, "campaign/a", "pipeline")
	})
}

func TestARecordAboveTheBoundIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		b := batch(catalogtest.Campaign("a", url+strings.Repeat("x", catalog.MaxRecord)))
		if _, err := p.Publish(t.Context(), b); !errors.Is(err, publish.ErrTooLarge) {
			t.Fatalf("got %v", err)
		}
		mustPublish(t, p, batch(), "pipeline") // nothing was written, so the publisher goes on
	})
}
