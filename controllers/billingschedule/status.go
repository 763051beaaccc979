package billingschedule

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/judge"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// complete judges the reference to the pipeline, nil when there is none, and whether trackers and aggregators
// can know the schedule's zone: a schedule has no record of its own.
func complete(schedule *v1alpha1.BillingSchedule, pipeline *publishing.View, verdict *status.Verdict) {
	verdict.NoRecord = true
	name := schedule.Namespace + "/" + string(schedule.Spec.PipelineRef.Name)
	if pipeline == nil {
		verdict.Problems = append(slices.Clip(verdict.Problems), compile.Problem{
			Field: "spec.pipelineRef", Severity: compile.Error, Reason: v1alpha1.ReasonRefNotFound,
			Message: "AggregationPipeline " + name + " does not exist: name one of this namespace",
		})
		return
	}
	zone := cmp.Or(string(schedule.Spec.TimeZone), "UTC")
	switch {
	case verdict.Programmed.Status == metav1.ConditionTrue:
	case pipeline.Published() && slices.Contains(pipeline.Record.GetPipeline().GetTimeZones(), zone):
		verdict.Programmed = status.Everywhere([]publishing.View{*pipeline}, schedule.Generation, false)
	case pipeline.Err != nil:
		verdict.Programmed = status.Answer{Reason: v1alpha1.ReasonProgressing, Message: status.Waits(name, pipeline.Err)}
	default:
		verdict.Programmed = status.Answer{Reason: v1alpha1.ReasonProgressing, Message: "pipeline " + name + " is not accepted with this schedule's time zone yet"}
	}
	verdict.Serving = "days of " + zone + " are kept"
}

// statusOf is what this controller says: what became of sealing is said beside it.
func statusOf(seen judge.Seen) *v1alpha1.BillingScheduleStatus {
	return &v1alpha1.BillingScheduleStatus{ObservedGeneration: seen.Generation, Conditions: seen.Conditions}
}

// parts divides a status into what this controller says and what is said of sealing, which is another owner's.
func parts(s *v1alpha1.BillingScheduleStatus) (catalog, sealing *v1alpha1.BillingScheduleStatus) {
	catalog = &v1alpha1.BillingScheduleStatus{ObservedGeneration: s.ObservedGeneration}
	sealing = &v1alpha1.BillingScheduleStatus{SealedPeriods: s.SealedPeriods, LastRevision: s.LastRevision, LastSealTime: s.LastSealTime}
	for i := range s.Conditions {
		to := catalog
		if s.Conditions[i].Type == v1alpha1.ConditionSealed {
			to = sealing
		}
		to.Conditions = append(to.Conditions, s.Conditions[i])
	}
	return catalog, sealing
}
