package status

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

var (
	earlier = metav1.NewTime(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	now     = metav1.NewTime(earlier.Add(time.Minute))
	applied = Answer{metav1.ConditionTrue, v1alpha1.ReasonProgrammed, "applied"}
)

func problem(severity compile.Severity, reason, field, message string) compile.Problem {
	return compile.Problem{Severity: severity, Reason: reason, Field: field, Message: message}
}

func TestConditionsOfAVerdict(t *testing.T) {
	invalid := problem(compile.Error, v1alpha1.ReasonInvalid, "spec.routing[0].split", "weights add up to 9000, must be 10000")
	missing := problem(compile.Error, v1alpha1.ReasonRefNotFound, "spec.fraudPolicyRef", "FraudPolicy a/b does not exist or was never accepted")
	notice := problem(compile.Notice, v1alpha1.ReasonUnsupported, "spec.limits", "has no effect in this version")
	for sentence, c := range map[string]struct {
		verdict Verdict
		want    []string // type, status, reason and message
	}{
		"what is applied everywhere is ready": {
			Verdict{Generation: 7, Served: 7, Programmed: applied, Serving: "gen 7 serves"},
			[]string{
				"Accepted True Accepted: the spec is valid", "ResolvedRefs True Resolved: everything that the spec names exists and may be used",
				"Programmed True Programmed: applied", "Ready True Serving: gen 7 serves",
			},
		},
		"what is on its way is reconciling": {
			Verdict{Generation: 7, Served: 7, Programmed: Answer{Reason: v1alpha1.ReasonProgressing, Message: "waiting"}},
			[]string{
				"Accepted True Accepted: the spec is valid", "ResolvedRefs True Resolved: everything that the spec names exists and may be used",
				"Programmed False Progressing: waiting", "Ready False Progressing: waiting", "Reconciling True Progressing: waiting",
			},
		},
		"a mistake names what keeps serving": {
			Verdict{Generation: 7, Served: 6, Programmed: applied, Problems: []compile.Problem{invalid}},
			[]string{
				"Accepted False Invalid: spec.routing[0].split: weights add up to 9000, must be 10000; generation 6 keeps serving",
				"ResolvedRefs True Resolved: everything that the spec names exists and may be used",
				"Programmed False Invalid: generation 6 keeps serving",
				"Ready False Invalid: spec.routing[0].split: weights add up to 9000, must be 10000; generation 6 keeps serving",
				"Stalled True Invalid: spec.routing[0].split: weights add up to 9000, must be 10000; generation 6 keeps serving",
			},
		},
		"a missing reference is no fault of the spec itself": {
			Verdict{Generation: 1, Programmed: applied, Problems: []compile.Problem{missing, notice}},
			[]string{
				"Accepted True Unsupported: spec.limits: has no effect in this version",
				"ResolvedRefs False RefNotFound: spec.fraudPolicyRef: FraudPolicy a/b does not exist or was never accepted; nothing of it is served",
				"Programmed False RefNotFound: nothing of it is served",
				"Ready False RefNotFound: spec.fraudPolicyRef: FraudPolicy a/b does not exist or was never accepted; nothing of it is served",
				"Stalled True RefNotFound: spec.fraudPolicyRef: FraudPolicy a/b does not exist or was never accepted; nothing of it is served",
			},
		},
	} {
		var got []string
		for _, condition := range c.verdict.Conditions(nil, now) {
			got = append(got, condition.Type+" "+string(condition.Status)+" "+condition.Reason+": "+condition.Message)
			if condition.ObservedGeneration != c.verdict.Generation {
				t.Errorf("%s: %s speaks of generation %d", sentence, condition.Type, condition.ObservedGeneration)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", sentence, diff)
		}
	}
}

func TestAConditionKeepsItsTimeWhileItStays(t *testing.T) {
	verdict := Verdict{Generation: 1, Served: 1, Programmed: Answer{Reason: v1alpha1.ReasonProgressing, Message: "waiting"}}
	before := verdict.Conditions(nil, earlier)
	verdict.Generation, verdict.Programmed = 2, applied
	for _, c := range verdict.Conditions(before, now) {
		want := earlier
		if c.Type == v1alpha1.ConditionProgrammed || c.Type == v1alpha1.ConditionReady {
			want = now
		}
		if !c.LastTransitionTime.Equal(&want) {
			t.Errorf("%s has the time %s", c.Type, c.LastTransitionTime)
		}
	}
}

func TestTheFirstLookHasATimeOfItsOwn(t *testing.T) {
	before := []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonPending, LastTransitionTime: metav1.Unix(0, 0)}}
	for _, c := range Unknown(1, 0, "Kafka is away", before, now) {
		if !c.LastTransitionTime.Equal(&now) {
			t.Errorf("%s has the time %s of the definition", c.Type, c.LastTransitionTime)
		}
	}
}

func TestALongMessageIsCutButNotWhatServes(t *testing.T) {
	verdict := Verdict{Generation: 7, Served: 6, Problems: []compile.Problem{
		problem(compile.Error, v1alpha1.ReasonInvalid, "spec.offers[0].url", strings.Repeat("ä", 300)),
		problem(compile.Error, v1alpha1.ReasonInvalid, "spec.offers[1].url", "too"),
	}}
	message := verdict.Conditions(nil, now)[0].Message
	if len(message) > 256 || !strings.HasSuffix(message, "...; generation 6 keeps serving") {
		t.Errorf("%d bytes: %s", len(message), message)
	}
}
