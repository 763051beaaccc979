package tracker

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/status"
)

// status is what the tracker's status should be.
func (o *observed) status(now metav1.Time) *v1alpha1.TrackerStatus {
	before := &o.tracker.Status
	next := &v1alpha1.TrackerStatus{ObservedGeneration: o.tracker.Generation, Serving: new(o.serving()), Behind: before.Behind, Campaigns: before.Campaigns}
	if o.view == nil {
		next.Conditions = status.Unknown(o.tracker.Generation, before.ObservedGeneration, status.Waits(o.pipelineName(), o.trouble), before.Conditions, now)
		next.Conditions = append(next.Conditions, status.Kept(before.Conditions, v1alpha1.ConditionClientAddressKnown, v1alpha1.ConditionDurable)...)
		return next
	}
	if o.view.Published() {
		next.Behind = new(int32(o.view.Trackers[o.name()].Behind(max(o.view.Offset, o.newest))))
		next.Campaigns = new(o.campaigns)
	}
	workload := o.workload()
	verdict := status.Verdict{
		Generation: o.tracker.Generation, Problems: slices.Concat(o.view.Problems, o.problems), Served: o.view.Record.GetGeneration(),
		Programmed: o.programmed(), Workload: &workload, Serving: "visitors are redirected", Weather: o.weather(),
	}
	next.Conditions = verdict.Conditions(before.Conditions, now)
	return next
}

// ending is the status of a deleted tracker whose journals are being shipped.
func (o *observed) ending(left int) *v1alpha1.TrackerStatus {
	next := o.tracker.Status.DeepCopy()
	message := fmt.Sprintf("the clicks in %d journals are being shipped; the Tracker goes when Kafka has them", left)
	if o.pipeline == nil {
		message = fmt.Sprintf("clicks wait in %d journals, and AggregationPipeline %s, which they belong to, does not exist: create it again, or delete the claims and lose them",
			left, o.tracker.Spec.PipelineRef.Name)
	}
	for kind, is := range map[string]metav1.ConditionStatus{v1alpha1.ConditionReady: metav1.ConditionFalse, v1alpha1.ConditionReconciling: metav1.ConditionTrue} {
		meta.SetStatusCondition(&next.Conditions, metav1.Condition{
			Type: kind, Status: is, Reason: v1alpha1.ReasonProgressing, Message: message, ObservedGeneration: o.tracker.Generation,
		})
	}
	next.Serving = new(int32(0))
	return next
}

// programmed is a latch per generation: once every pod that was ready had applied it, nothing takes it back.
func (o *observed) programmed() status.Answer {
	generation := o.tracker.Generation
	done := status.Answer{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProgrammed,
		Message: fmt.Sprintf("every ready pod has applied generation %d", generation),
	}
	switch {
	case status.Latched(o.tracker.Status.Conditions, v1alpha1.ConditionProgrammed, generation):
		return done
	case o.tracker.Spec.Suspend == v1alpha1.SuspendReconciliation:
		return status.Answer{Reason: v1alpha1.ReasonSuspended, Message: "spec.suspend keeps the fleet as it is; visitors are served"}
	case o.trouble != nil && !o.view.Published():
		return status.Answer{Reason: v1alpha1.ReasonProgressing, Message: status.Waits(o.view.Pipeline, o.trouble)}
	case o.view.Trackers[o.name()].Rejects(o.view.Key):
		return status.Answer{Reason: v1alpha1.ReasonNeedsUpgrade, Message: fmt.Sprintf(
			"a pod is older than the operator and keeps generation %d out: remove spec.version or raise it", generation)}
	case !o.view.Passed(o.name()) || !o.rolledOut():
		return status.Answer{Reason: v1alpha1.ReasonProgressing, Message: fmt.Sprintf("waiting until the pods are of generation %d and have applied it", generation)}
	}
	return done
}

// workload says whether a visitor is served: by one ready pod.
func (o *observed) workload() status.Answer {
	if o.serving() > 0 {
		return status.Answer{Status: metav1.ConditionTrue}
	}
	return status.Answer{Reason: v1alpha1.ReasonWorkloadUnavailable, Message: "no pod is ready: look at the pods of StatefulSet " + o.tracker.Name}
}

func (o *observed) rolledOut() bool {
	if o.set == nil {
		return false
	}
	s := &o.set.Status
	return s.ObservedGeneration >= o.set.Generation && s.UpdatedReplicas == o.pods() && s.ReadyReplicas == o.pods()
}

// serving is how many pods are ready.
func (o *observed) serving() int32 {
	if o.set == nil {
		return 0
	}
	return o.set.Status.ReadyReplicas
}

func (o *observed) name() string { return o.tracker.Namespace + "/" + o.tracker.Name }

func (o *observed) pipelineName() string {
	return o.tracker.Namespace + "/" + string(o.tracker.Spec.PipelineRef.Name)
}
