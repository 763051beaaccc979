// Package billingschedule keeps what seals the periods of BillingSchedules and writes their status, in two controllers:
// one says what the catalog decides, which is that the days of a schedule's time zone are kept once its pipeline names
// the zone, the other what came of sealing.
package billingschedule

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/judge"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// +kubebuilder:rbac:groups=clicktally.dev,resources=billingschedules,verbs=list;watch
// +kubebuilder:rbac:groups=clicktally.dev,resources=billingschedules/status,verbs=patch

// Setup adds the controller to the manager.
func Setup(manager ctrl.Manager, p *publishing.Publishing) error {
	return judge.Setup(manager, p, judge.Kind[*v1alpha1.BillingSchedule]{
		Kind: compile.KindSchedule, Owner: "clicktally-billingschedule",
		New: func() *v1alpha1.BillingSchedule { return &v1alpha1.BillingSchedule{} },
		Conditions: func(schedule *v1alpha1.BillingSchedule) ([]metav1.Condition, int64) {
			return schedule.Status.Conditions, schedule.Status.ObservedGeneration
		},
		Status: func(_ *v1alpha1.BillingSchedule, seen judge.Seen) any { return statusOf(seen) },
		Current: func(schedule *v1alpha1.BillingSchedule) any {
			catalog, _ := parts(&schedule.Status)
			return catalog
		},
		Verdict: func(_ context.Context, schedule *v1alpha1.BillingSchedule, _ []publishing.View, verdict *status.Verdict) error {
			ref := compile.Ref{Kind: compile.KindPipeline, Namespace: schedule.Namespace, Name: string(schedule.Spec.PipelineRef.Name)}
			views, _ := p.Views(ref, 0)
			complete(schedule, publishing.Best(views), verdict)
			return nil
		},
	})
}
