package billingschedule

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/apply"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/seal"
	"github.com/clicktally/clicktally/controllers/internal/status"
)

// sealingOwner of the fields of status that tell of sealing.
const sealingOwner = "clicktally-billingschedule-seal"

// sealer keeps the CronJobs and tells what came of them.
type sealer struct {
	client       client.Client
	applier      *apply.Applier
	installation *build.Installation
	writer       *status.Writer
}

// Pods selects the pods that seal: of no others the operator keeps anything in memory.
func Pods() labels.Selector {
	return labels.SelectorFromSet(labels.Set{build.LabelComponent: string(build.Seal)})
}

// The finalizers subresource is asked for where an admission plugin guards blockOwnerDeletion, as in OpenShift.
//
// +kubebuilder:rbac:groups=clicktally.dev,resources=billingschedules/finalizers,verbs=update
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch

// SetupSealing adds the controller that has periods sealed to the manager.
func SetupSealing(manager ctrl.Manager, applier *apply.Applier, installation *build.Installation) error {
	r := &sealer{
		client: manager.GetClient(), applier: applier, installation: installation,
		writer: &status.Writer{Client: manager.GetClient(), Owner: sealingOwner},
	}
	err := ctrl.NewControllerManagedBy(manager).Named(sealingOwner).
		For(&v1alpha1.BillingSchedule{}). // its status too: it says whether the schedule is accepted
		Owns(&batchv1.CronJob{}).Owns(&corev1.ServiceAccount{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(r.schedulesOf(func(s *v1alpha1.BillingSchedule, pod client.Object) bool {
			return build.Base(s.Name) == pod.GetLabels()[build.LabelInstance]
		}))).
		Watches(&v1alpha1.AggregationPipeline{}, handler.EnqueueRequestsFromMapFunc(r.schedulesOf(func(s *v1alpha1.BillingSchedule, pipeline client.Object) bool {
			return string(s.Spec.PipelineRef.Name) == pipeline.GetName()
		})), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(r)
	if err != nil {
		return fmt.Errorf("sealing controller: %w", err)
	}
	return nil
}

// schedulesOf are the schedules of an object's namespace that it concerns.
func (r *sealer) schedulesOf(concerns func(*v1alpha1.BillingSchedule, client.Object) bool) handler.MapFunc {
	return func(ctx context.Context, object client.Object) []reconcile.Request {
		list := &v1alpha1.BillingScheduleList{}
		if err := r.client.List(ctx, list, client.InNamespace(object.GetNamespace())); err != nil {
			return nil // the cache is not there yet, and will bring every schedule
		}
		var requests []reconcile.Request
		for i := range list.Items {
			if concerns(&list.Items[i], object) {
				requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
			}
		}
		return requests
	}
}

// Reconcile makes the CronJob of one schedule as desired, and writes what changed of its outcome.
func (r *sealer) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	schedule := &v1alpha1.BillingSchedule{}
	if err := r.client.Get(ctx, request.NamespacedName, schedule); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !schedule.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // Kubernetes deletes the CronJob with its owner
	}
	hindered, err := r.act(ctx, schedule)
	if err != nil {
		return ctrl.Result{}, err
	}
	pods := &corev1.PodList{}
	selector := client.MatchingLabels((&build.Meta{Component: build.Seal, Instance: schedule.Name}).Selector())
	if err := r.client.List(ctx, pods, client.InNamespace(schedule.Namespace), selector); err != nil {
		return ctrl.Result{}, fmt.Errorf("list the pods that seal: %w", err)
	}
	next := sealedStatus(schedule, hindered, latest(schedule, pods.Items), metav1.Now())
	if _, current := parts(&schedule.Status); equality.Semantic.DeepEqual(next, current) {
		return ctrl.Result{}, nil
	}
	return r.writer.Apply(ctx, schedule, next)
}

// act applies the CronJob of a schedule that is accepted. hindered says why nothing is sealed; nil: periods are.
func (r *sealer) act(ctx context.Context, schedule *v1alpha1.BillingSchedule) (hindered *status.Answer, err error) {
	pipeline := &v1alpha1.AggregationPipeline{}
	name := string(schedule.Spec.PipelineRef.Name)
	err = r.client.Get(ctx, client.ObjectKey{Namespace: schedule.Namespace, Name: name}, pipeline)
	if client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	if err != nil || !pipeline.DeletionTimestamp.IsZero() {
		gone := build.Desired{Kind: seal.KindCronJob, Name: seal.Name(schedule)}
		return &status.Answer{Reason: v1alpha1.ReasonRefNotFound, Message: "nothing is sealed: there is no AggregationPipeline " + name},
			r.applier.Apply(ctx, schedule, gone)
	}
	suspended := pipeline.Spec.Suspend == v1alpha1.SuspendReconciliation
	if !accepted(schedule) && !suspended { // what seals an earlier generation goes on
		return nil, nil
	}
	owner := apply.OwnerOf(schedule, v1alpha1.GroupVersion.WithKind("BillingSchedule"))
	all, err := seal.All(&seal.Input{Schedule: schedule, Pipeline: pipeline, Installation: r.installation, Owner: owner})
	if err != nil {
		return nil, err
	}
	foreign, err := r.applier.All(ctx, schedule, all)
	if err != nil {
		return nil, err
	}
	switch {
	case len(foreign) > 0:
		hindered = &status.Answer{Reason: v1alpha1.ReasonNameTaken, Message: foreign[0].Error()}
	case suspended:
		hindered = &status.Answer{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonSuspended, Message: "nothing is sealed while spec.suspend of AggregationPipeline " + name + " says so"}
	}
	return hindered, nil
}

// accepted reports whether the other controller found nothing wrong with this generation.
func accepted(schedule *v1alpha1.BillingSchedule) bool {
	conditions, generation := schedule.Status.Conditions, schedule.Generation
	return status.Latched(conditions, v1alpha1.ConditionAccepted, generation) && status.Latched(conditions, v1alpha1.ConditionResolvedRefs, generation)
}
