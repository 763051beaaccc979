package controllers_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/test/servers"
)

func TestPodsThatRestartWriteNoCampaign(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.apply(campaign("a", "https://shop.example.org/1"))
	r.start()
	r.becomes("a", "Programmed=False Progressing")
	r.beat("eu-0", "eu-1")
	r.becomes("a", "Ready=True Serving")
	r.writes.of("")
	r.beatAt(-1, "eu-0", "eu-1") // both have just begun, and know nothing
	r.beatAt(0, "eu-0")
	r.apply(campaign("b", "https://shop.example.org/1")) // a later campaign sees what they say
	r.becomes("b", "Programmed=False Progressing")
	r.beat("eu-0", "eu-1", "eu-2")
	r.becomes("b", "Ready=True Serving")
	if n := r.writes.of("/campaigns/a/"); n != 0 {
		t.Errorf("%d writes to a campaign that only its pods' restarts concern", n)
	}
}

func TestKafkaGoesAwayAndComesBack(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.apply(campaign("a", "https://shop.example.org/1"))
	r.start()
	r.becomes("a", "Programmed=False Progressing")
	r.beat("eu-0")
	r.becomes("a", "Ready=True Serving")
	if err := r.broker.Close(); err != nil {
		t.Fatal(err)
	}
	r.apply(campaign("a", "https://shop.example.org/2"))
	r.becomes("a", "Accepted=True Accepted", "Programmed=False Progressing", "Ready=False Progressing", "Reconciling=True Progressing", "!Stalled")
	want := "waiting for pipeline " + r.platform + "/main: its Kafka cannot be reached or does not answer; what is published goes on"
	if waits := r.saying("a", "Programmed", want); waits.Status.Serving != "gen 1" {
		t.Errorf("serving %q while Kafka is away", waits.Status.Serving)
	}
	r.broker = servers.KafkaServer(t, servers.KafkaDir(r.kafkaDir), servers.KafkaListen(r.address))
	r.eventually("the edit is in the catalog", func() bool { return r.records()["campaign/a"].GetGeneration() == 2 })
	r.beat("eu-0")
	r.becomes("a", "Ready=True Serving", "!Reconciling")
}

func TestAnOperatorThatStartsWithoutKafkaSaysSo(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.apply(campaign("a", "https://shop.example.org/1"))
	if err := r.broker.Close(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.becomes("a", "Accepted=Unknown Progressing", "Programmed=Unknown Progressing", "Ready=Unknown Progressing", "Reconciling=True Progressing")
	r.broker = servers.KafkaServer(t, servers.KafkaDir(r.kafkaDir), servers.KafkaListen(r.address))
	r.becomes("a", "Accepted=True Accepted", "Programmed=False Progressing")
}

func TestASecondPipelineOnOnePrefixPublishesNothing(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.apply(campaign("a", "https://shop.example.org/1"))
	r.start()
	r.becomes("a", "Accepted=True Accepted")
	end := r.end()
	second := strings.ReplaceAll(strings.ReplaceAll(platform, "name: main", "name: other"), "name: eu", "name: us")
	r.apply(second)
	r.apply(strings.ReplaceAll(campaign("b", "https://shop.example.org/1"), "name: eu", "name: us"))
	r.saying("b", "Programmed", "waiting for pipeline "+r.platform+"/other: its topicPrefix belongs to another pipeline: its owner must use another one; nothing of it is served")
	r.eventually("the second is told why", func() bool {
		p := &v1alpha1.AggregationPipeline{}
		if err := r.client.Get(t.Context(), key(r.platform, "other"), p); err != nil {
			t.Fatal(err)
		}
		accepted := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionAccepted)
		return accepted != nil && accepted.Status == metav1.ConditionFalse && accepted.Reason == v1alpha1.ReasonPrefixOwned &&
			meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionStalled)
	})
	workers := &appsv1.Deployment{}
	if err := r.client.Get(t.Context(), key(r.platform, "other-aggregator"), workers); !apierrors.IsNotFound(err) {
		t.Errorf("the second has aggregators, which would count the first one's clicks: %v", err)
	}
	r.apply(campaign("a", "https://shop.example.org/2"))
	r.eventually("the first goes on", func() bool { return r.records()["campaign/a"].GetGeneration() == 2 })
	if r.records()["campaign/b"] != nil || r.records()["tracker/"+r.platform+"/us"] != nil {
		t.Errorf("the second published: the log ended at %d and ends at %d", end, r.end())
	}
}

func TestATopicThatWasReplacedIsNotCountedInto(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.apply(campaign("a", "https://shop.example.org/1"))
	r.start()
	r.becomes("a", "Accepted=True Accepted")
	r.stop()
	client, err := kgo.NewClient(r.kafka...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).DeleteTopics(t.Context(), r.names.Events(0)); err != nil {
		t.Fatal(err)
	}
	end := r.end()
	r.start()
	r.apply(campaign("a", "https://shop.example.org/2"))
	r.saying("a", "Programmed", "waiting for pipeline "+r.platform+"/main: a Kafka topic was deleted and made again, which its owner must acknowledge with `clicktally recover`")
	if r.end() != end {
		t.Errorf("published all the same: the log ended at %d and ends at %d", end, r.end())
	}
}

func TestAClusterWithoutAPipelineIsToldWhatIsMissing(t *testing.T) {
	r := newRig(t)
	r.apply(campaign("a", "https://shop.example.org/1"))
	r.start()
	r.becomes("a", "Accepted=True Accepted", "ResolvedRefs=False RefNotFound", "Ready=False RefNotFound", "Stalled=True RefNotFound")
	r.saying("a", "ResolvedRefs", "spec.trackerRefs[0]: Tracker "+r.platform+"/eu does not exist or was never accepted; nothing of it is served")
	r.apply(platform)
	r.becomes("a", "ResolvedRefs=True Resolved", "Programmed=False Progressing", "!Stalled")
	if err := r.client.Delete(t.Context(), r.campaign("a")); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	r.eventually("the deleted campaign's id is released", func() bool { return r.records()["campaign/a"].GetReleased() != nil })
}
