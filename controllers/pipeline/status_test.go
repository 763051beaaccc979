package pipeline

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/heartbeats"
)

// running is a pipeline of generation 3 that is in the catalog and whose workloads run it.
func running() *observed {
	o := &observed{
		pipeline: &v1alpha1.AggregationPipeline{ObjectMeta: metav1.ObjectMeta{Name: "main", Namespace: "ads", Generation: 3}},
		catalog:  publishing.PipelineState{Judged: true},
		rollouts: []rollout{{what: "aggregator", wanted: 2, updated: 2, standby: 2, done: true}, {what: "query", wanted: 2, updated: 2, standby: 2, done: true}},
	}
	o.catalog.Standing.Generation, o.catalog.Standing.Offset = 3, 17
	return o
}

// told are the conditions in short: "True Serving".
func told(s *v1alpha1.AggregationPipelineStatus) map[string]string {
	short := map[string]string{}
	for _, c := range s.Conditions {
		short[c.Type] = string(c.Status) + " " + c.Reason
	}
	return short
}

func TestAPipelinesStatusTellsTheTruth(t *testing.T) {
	serving := map[string]string{"Accepted": "True Accepted", "ResolvedRefs": "True Resolved", "Programmed": "True Programmed", "Ready": "True Serving", "Balanced": "Unknown Progressing"}
	with := func(changes ...string) map[string]string {
		m := maps.Clone(serving)
		for i := 0; i < len(changes); i += 2 {
			m[changes[i]] = changes[i+1]
			if changes[i+1] == "" {
				delete(m, changes[i])
			}
		}
		return m
	}
	away := errors.New("connection refused")
	tests := map[string]struct {
		change func(*observed)
		want   map[string]string
	}{
		"all is as it should be": {change: func(*observed) {}, want: serving},
		"the log was never read": {
			change: func(o *observed) { o.catalog = publishing.PipelineState{Err: away} },
			want: with("Accepted", "Unknown Progressing", "ResolvedRefs", "Unknown Progressing", "Programmed", "Unknown Progressing",
				"Ready", "Unknown Progressing", "Reconciling", "True Progressing", "Balanced", ""),
		},
		"all is counted": {
			change: func(o *observed) { o.catalog.Balance = heartbeats.Balance{Status: "True", Reason: "Balanced"} },
			want:   with("Balanced", "True Balanced"),
		},
		"a difference, and then silence": {
			change: func(o *observed) {
				o.catalog.Balance = heartbeats.Balance{Status: "False", Reason: "Difference", Message: "3 clicks are lost"}
				o.pipeline.Status = *o.status(metav1.Now())
				o.catalog.Balance = heartbeats.Balance{}
			},
			want: with("Balanced", "False Difference"),
		},
		"Kafka is away with an edit": {
			change: func(o *observed) { o.catalog.Err, o.catalog.Standing.Offset = away, -1 },
			want:   with("Programmed", "False Progressing", "Ready", "False Progressing", "Reconciling", "True Progressing"),
		},
		"Kafka is away and nothing waits for it": {change: func(o *observed) { o.catalog.Err = away }, want: serving},
		"pods are on their way to an edit": {
			change: func(o *observed) { o.rollouts[1].done, o.rollouts[1].updated = false, 1 },
			want:   with("Programmed", "False Progressing", "Ready", "False Progressing", "Reconciling", "True Progressing"),
		},
		"a pod restarts later": {
			change: func(o *observed) { latch(o); o.rollouts[0].done, o.rollouts[0].standby = false, 1 }, want: serving,
		},
		"all pods of a kind are gone later": {
			change: func(o *observed) { latch(o); o.rollouts[0].done, o.rollouts[0].standby = false, 0 },
			want:   with("Ready", "False WorkloadUnavailable"),
		},
		"an edit of a suspended pipeline": {
			change: func(o *observed) { o.pipeline.Spec.Suspend = v1alpha1.SuspendReconciliation },
			want:   with("Programmed", "False Suspended", "Ready", "False Suspended", "Reconciling", "True Progressing"),
		},
		"a mistake in the spec": {
			change: func(o *observed) {
				o.catalog.Standing.Problems = []compile.Problem{{Field: "spec.idOwners[0]", Reason: v1alpha1.ReasonInvalid, Message: "is twice there", Severity: compile.Error}}
			},
			want: with("Accepted", "False Invalid", "Programmed", "False Invalid", "Ready", "False Invalid", "Stalled", "True Invalid"),
		},
		"somebody else's Deployment has the name": {
			change: func(o *observed) { o.problem("metadata.name", v1alpha1.ReasonNameTaken, "Deployment ads/main-query") },
			want:   with("Accepted", "False NameTaken", "Programmed", "False NameTaken", "Ready", "False NameTaken", "Stalled", "True NameTaken"),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := running()
			test.change(o)
			if diff := cmp.Diff(test.want, told(o.status(metav1.Now()))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// latch is what the status said when all was as it should be.
func latch(o *observed) {
	o.pipeline.Status = *running().status(metav1.NewTime(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
}

func TestNothingIsActedOnWhileSuspendedOrWrong(t *testing.T) {
	o := running()
	if !o.acts() {
		t.Error("a sound pipeline was left alone")
	}
	o.pipeline.Spec.Suspend = v1alpha1.SuspendReconciliation
	if o.acts() {
		t.Error("a suspended pipeline was acted on")
	}
	o = running()
	o.catalog.Standing.Problems = []compile.Problem{{Severity: compile.Error}}
	if o.acts() {
		t.Error("a pipeline with a mistake was acted on")
	}
}
