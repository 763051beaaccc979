package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/status"
)

// status is what the pipeline's status should be.
func (o *observed) status(now metav1.Time) *v1alpha1.AggregationPipelineStatus {
	before := &o.pipeline.Status
	next := &v1alpha1.AggregationPipelineStatus{ObservedGeneration: o.pipeline.Generation, Trackers: before.Trackers}
	if !o.catalog.Judged && len(o.problems) == 0 {
		next.Conditions = status.Unknown(o.pipeline.Generation, 0, status.Waits(o.name(), o.catalog.Err), before.Conditions, now)
		next.Conditions = append(next.Conditions, status.Kept(before.Conditions, v1alpha1.ConditionBalanced)...)
		return next
	}
	next.Trackers = new(int32(len(o.catalog.Trackers)))
	workload := o.workload()
	verdict := status.Verdict{
		Generation: o.pipeline.Generation, Problems: slices.Concat(o.catalog.Standing.Problems, o.problems),
		Served: o.catalog.Standing.Record.GetGeneration(), Programmed: o.programmed(), Workload: &workload,
		Serving: "aggregators count, and query answers",
		Weather: map[string]status.Answer{v1alpha1.ConditionBalanced: o.balanced()},
	}
	next.Conditions = verdict.Conditions(before.Conditions, now)
	return next
}

// balanced is what the aggregators' ledgers found out: a difference stays until they say that it is no more.
func (o *observed) balanced() status.Answer {
	unknown := status.Answer{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing, Message: "no completed hour was judged yet"}
	b := o.catalog.Balance
	switch metav1.ConditionStatus(b.Status) {
	case metav1.ConditionTrue:
		// The hours that were judged go on, and are in the ledger's report: a message for each would be a write.
		return status.Answer{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonBalanced, Message: "every completed hour that was judged equals its recount from raw events"}
	case metav1.ConditionFalse:
		return status.Answer{Status: metav1.ConditionFalse, Reason: cmp.Or(b.Reason, v1alpha1.ReasonDifference), Message: b.Message}
	}
	if was := status.Find(o.pipeline.Status.Conditions, v1alpha1.ConditionBalanced); was != nil && was.Status == metav1.ConditionFalse {
		return status.Answer{Status: was.Status, Reason: was.Reason, Message: was.Message}
	}
	if b.Status == "" {
		unknown.Message = "no aggregator has told what it found out"
	}
	return unknown
}

// programmed is a latch per generation: its record is in the catalog, and the workloads were once of its form.
func (o *observed) programmed() status.Answer {
	generation := o.pipeline.Generation
	done := status.Answer{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProgrammed,
		Message: fmt.Sprintf("generation %d is in the catalog, and the workloads run it%s", generation, o.grown()),
	}
	if status.Latched(o.pipeline.Status.Conditions, v1alpha1.ConditionProgrammed, generation) {
		return done
	}
	if o.pipeline.Spec.Suspend == v1alpha1.SuspendReconciliation {
		return status.Answer{Reason: v1alpha1.ReasonSuspended, Message: "spec.suspend keeps catalog and workloads as they are; what runs goes on"}
	}
	if o.catalog.Err != nil && o.catalog.Standing.Offset < 0 {
		return status.Answer{Reason: v1alpha1.ReasonProgressing, Message: status.Waits(o.name(), o.catalog.Err)}
	}
	if o.catalog.Waits {
		return status.Answer{Reason: v1alpha1.ReasonProgressing, Message: fmt.Sprintf(
			"%d partitions wait until an aggregator tells of the newest event in ClickHouse, which says from when on they may be used; until then events go to the %d there are",
			o.pipeline.Spec.Kafka.Partitions, o.catalog.Generation.GetPartitions())}
	}
	if at := o.unfinished(); at != nil {
		return status.Answer{Reason: v1alpha1.ReasonProgressing, Message: fmt.Sprintf("waiting until the pods of %s are of generation %d and ready", at.what, generation)}
	}
	return done
}

// grown says from when on events go to the partitions that were announced last, nothing of the first ones.
func (o *observed) grown() string {
	g := o.catalog.Generation
	if g.GetStartMs() == 0 {
		return ""
	}
	return fmt.Sprintf("; events from %s on go to %d partitions (topic %s)",
		time.UnixMilli(g.GetStartMs()).UTC().Format(time.RFC3339), g.GetPartitions(), g.GetTopic())
}

// workload says whether enough pods are ready for the work to go on: one of each.
func (o *observed) workload() status.Answer {
	for _, r := range o.rollouts {
		if r.standby == 0 {
			return status.Answer{Reason: v1alpha1.ReasonWorkloadUnavailable, Message: fmt.Sprintf("no pod of %s is ready: look at Deployment %s-%s", r.what, o.pipeline.Name, r.what)}
		}
	}
	return status.Answer{Status: metav1.ConditionTrue}
}

func (o *observed) unfinished() *rollout {
	at := slices.IndexFunc(o.rollouts, func(r rollout) bool { return !r.done })
	if at < 0 {
		return nil
	}
	return &o.rollouts[at]
}

func (o *observed) name() string { return o.pipeline.Namespace + "/" + o.pipeline.Name }
