package crds_test

import (
	"testing"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// statusCase is one field of the spec that may change, and one of the status.
type statusCase struct {
	specField []string
	edited    any
	status    string // in JSON
	other     string
}

var statusCases = map[string]statusCase{
	"AggregationPipeline": {[]string{"spec", "retention", "rawDays"}, int64(60), `{"trackers": 3}`, `{"trackers": 4}`},
	"BillingSchedule":     {[]string{"spec", "grace"}, "72h", `{"sealedPeriods": 12}`, `{"sealedPeriods": 13}`},
	"Campaign":            {[]string{"spec", "displayName"}, "Edited", `{"serving": "gen 1"}`, `{"serving": "gen 2"}`},
	"FraudPolicy":         {[]string{"spec", "actions", "suspicious"}, "SafePage", `{"trackers": 3}`, `{"trackers": 4}`},
	"Tracker":             {[]string{"spec", "fallbackURL"}, "https://edited.example.com/", `{"serving": 5, "behind": 1, "campaigns": 7}`, `{"serving": 6, "behind": 0, "campaigns": 7}`},
	"TrafficSource":       {[]string{"spec", "type"}, "Social", `{"trackers": 3}`, `{"trackers": 4}`},
}

// pending is the status of an object that no operator has looked at: without it kubectl and kstatus, by which Flux and
// Helm wait, would take it for done.
var pending = func() map[string]any {
	var conditions []any
	for _, kind := range []string{"Accepted", "ResolvedRefs", "Programmed", "Ready"} {
		conditions = append(conditions, map[string]any{
			"type": kind, "status": "Unknown", "reason": "Pending", "message": "waiting for the operator", "lastTransitionTime": "1970-01-01T00:00:00Z",
		})
	}
	return map[string]any{"conditions": conditions}
}()

// TestSpecAndStatusAreWrittenApart: who edits the spec cannot claim a status, and who reports cannot edit.
func TestSpecAndStatusAreWrittenApart(t *testing.T) {
	for _, definition := range definitions(t) {
		kind := definition.Spec.Names.Kind
		t.Run(kind, func(t *testing.T) {
			c, object, k := newCluster(t), sample(t, kind), statusCases[kind]
			claimed := object.DeepCopy()
			claimed.Object["status"] = values(t, k.other)
			c.mustApply(owner, claimed)
			created := c.live(object)
			if diff := cmp.Diff(pending, created.Object["status"]); diff != "" {
				t.Errorf("a user claimed a status (-of a new object +held):\n%s", diff)
			}
			if health, err := kstatus.Compute(created); err != nil || health.Status != kstatus.InProgressStatus {
				t.Errorf("kstatus of an object that nobody has looked at is %v, %v", health, err)
			}
			if created.GetGeneration() != 1 {
				t.Errorf("generation %d of a new object, want 1", created.GetGeneration())
			}

			report := created.DeepCopy()
			set(t, report, k.edited, k.specField...)
			report.Object["status"] = values(t, k.status)
			if err := c.Status().Update(t.Context(), report); err != nil {
				t.Fatal(err)
			}
			reported := c.live(object)
			if diff := cmp.Diff(created.Object["spec"], reported.Object["spec"]); diff != "" {
				t.Errorf("a report changed the spec (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(values(t, k.status), reported.Object["status"]); diff != "" {
				t.Errorf("status (-reported +held):\n%s", diff)
			}
			if reported.GetGeneration() != 1 {
				t.Errorf("generation %d after a report, want 1: it counts edits", reported.GetGeneration())
			}

			edit := reported.DeepCopy()
			set(t, edit, k.edited, k.specField...)
			edit.Object["status"] = values(t, k.other)
			if err := c.Update(t.Context(), edit); err != nil {
				t.Fatal(err)
			}
			edited := c.live(object)
			if got, _, _ := unstructured.NestedFieldNoCopy(edited.Object, k.specField...); got != k.edited {
				t.Errorf("%v is %v, want %v", k.specField, got, k.edited)
			}
			if diff := cmp.Diff(reported.Object["status"], edited.Object["status"]); diff != "" {
				t.Errorf("an edit changed the status (-before +after):\n%s", diff)
			}
			if edited.GetGeneration() != 2 {
				t.Errorf("generation %d after an edit, want 2", edited.GetGeneration())
			}
		})
	}
}

// TestAStatusIsValidatedToo: a controller that reports nonsense is told so.
func TestAStatusIsValidatedToo(t *testing.T) {
	for sentence, status := range map[string]string{
		"a condition without a reason": `{"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z", "message": "", "reason": ""}]}`,
		"a condition named twice":      `{"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z", "message": "", "reason": "Ready"}, {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z", "message": "", "reason": "Ready"}]}`,
		"an acceptance that is none":   `{"trackers": [{"name": "local", "namespace": "clicktally", "accepted": "Maybe"}]}`,
	} {
		t.Run(sentence, func(t *testing.T) {
			c, object := newCluster(t), sample(t, "Campaign")
			c.mustApply(owner, object)
			report := c.live(object)
			report.Object["status"] = values(t, status)
			if err := c.Status().Update(t.Context(), report); !apierrors.IsInvalid(err) {
				t.Errorf("got %v, want a refusal of %s", err, status)
			}
		})
	}
}

func set(t *testing.T, object *unstructured.Unstructured, value any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(object.Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

// TestDeletionLeavesNothing: no definition holds its objects back.
func TestDeletionLeavesNothing(t *testing.T) {
	c := newCluster(t)
	for _, definition := range definitions(t) {
		object := sample(t, definition.Spec.Names.Kind)
		c.mustApply(owner, object)
		if err := c.Delete(t.Context(), c.live(object)); err != nil {
			t.Fatal(err)
		}
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: c.namespace, Name: object.GetName()}, object); !apierrors.IsNotFound(err) {
			t.Errorf("%s after its deletion: %v", object.GetKind(), err)
		}
	}
}
