package controllers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// lead is maxAhead, of which nothing is said, and half a minute each to publish, to know, for clocks.
const lead = 5*time.Minute + 90*time.Second

// partitions wants so many of the rig's pipeline.
func (r *rig) partitions(n string) {
	r.t.Helper()
	r.patch(&v1alpha1.AggregationPipeline{}, "main", `{"spec": {"kafka": {"partitions": `+n+`}}}`)
}

// newest says that the newest event is so far ahead of the clock; 0: none is.
func (r *rig) newest(ahead time.Duration) {
	r.t.Helper()
	told := &event.NewestEvent{}
	if ahead > 0 {
		told.At = time.Now().Add(ahead).UnixMilli()
	}
	r.say(&event.Heartbeat{Pod: "main-aggregator-a", Balance: &event.Balance{Status: "True", Reason: "Balanced"}, Newest: told})
}

// announced waits for a generation of event partitions in the catalog.
func (r *rig) announced(key string) *catalogpb.Generation {
	r.t.Helper()
	var g *catalogpb.Generation
	r.eventually(key+" is announced", func() bool {
		g = r.records()[key].GetGenerationRecord()
		return g != nil
	})
	return g
}

// topicSize is how many partitions a topic has, 0 when there is none.
func (r *rig) topicSize(topic string) int {
	r.t.Helper()
	kafka, err := kgo.NewClient(r.kafka...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer kafka.Close()
	there, err := kadm.NewClient(kafka).ListTopics(r.t.Context(), topic)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(there[topic].Partitions)
}

// sayingOf is the message of one of the pipeline's conditions.
func sayingOf(p *v1alpha1.AggregationPipeline, condition string) string {
	for _, c := range p.Status.Conditions {
		if c.Type == condition {
			return c.Message
		}
	}
	return ""
}

func TestAPipelineGrowsByAGeneration(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.start()
	r.eventually("the workloads are made", func() bool { return r.deployment(workloads[0]) != nil && r.deployment(workloads[1]) != nil })
	r.haveReady(2)
	r.pipelineBecomes("Programmed=True Programmed")

	r.partitions("4")
	waits := r.pipelineBecomes("Accepted=True Accepted", "Programmed=False Progressing", "Ready=False Progressing")
	want := "4 partitions wait until an aggregator tells of the newest event in ClickHouse, which says from when on they may be used; until then events go to the 2 there are"
	if got := sayingOf(waits, v1alpha1.ConditionProgrammed); got != want {
		t.Errorf("it says %q\nwant %q", got, want)
	}
	if r.records()["generation/1"] != nil {
		t.Fatal("it grew, and nobody knows how new the newest event is")
	}

	earliest := time.Now().Add(lead)
	r.newest(0)
	first := r.announced("generation/1")
	begins := time.UnixMilli(first.GetStartMs())
	if latest := time.Now().Add(lead); first.GetPartitions() != 4 || begins.Before(earliest.Truncate(time.Millisecond)) || begins.After(latest) {
		t.Errorf("announced %v, want 4 partitions from between %s and %s on", first, earliest, latest)
	}
	if size := r.topicSize("ct.events.1"); size != 4 {
		t.Errorf("the topic has %d partitions", size)
	}
	grown := r.pipelineBecomes("Programmed=True Programmed", "Ready=True Serving")
	if said := sayingOf(grown, v1alpha1.ConditionProgrammed); !strings.HasSuffix(said, "; events from "+begins.UTC().Format(time.RFC3339)+" on go to 4 partitions (topic ct.events.1)") {
		t.Errorf("it says %q", said)
	}

	r.partitions("2")
	refused := r.pipelineBecomes("Accepted=False Invalid", "Stalled=True Invalid")
	want = "spec.kafka.partitions: is 2, and generation 1 of the events has 4: a pipeline can only grow; leave 4, or state more; generation 2 keeps serving"
	if got := sayingOf(refused, v1alpha1.ConditionAccepted); got != want {
		t.Errorf("it says %q\nwant %q", got, want)
	}
	r.partitions("4")
	r.pipelineBecomes("Accepted=True Accepted", "Programmed=True Programmed")
	if r.records()["generation/2"] != nil {
		t.Error("asked for what there is it grew")
	}
}

func TestEventsOfAClockThatIsAheadStayInTheirGeneration(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.start()
	r.pipelineBecomes("Accepted=True Accepted")
	r.newest(time.Hour)
	r.pipelineBecomes("Balanced=True Balanced")
	earliest := time.Now().Add(time.Hour - time.Minute + lead)
	r.partitions("4")
	if begins := time.UnixMilli(r.announced("generation/1").GetStartMs()); begins.Before(earliest) {
		t.Errorf("generation 1 begins at %s, before %s", begins, earliest)
	}
}
