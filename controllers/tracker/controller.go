// Package tracker keeps the fleets of Trackers and writes what became of each into its status. Clicks that
// wait in a journal outlive their pod: its claim is deleted only once a Job has shipped them.
package tracker

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/apply"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/controllers/internal/tokens"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// owner of the fields of status.
const owner = "clicktally-tracker"

// numbersEvery is how often numbers of a fleet are written that come without news.
const numbersEvery = 10 * time.Second

// drainEvery is how often claims that are being drained are looked at, beside the news of their Jobs.
const drainEvery = 10 * time.Second

// reconciler keeps the fleets and the status of trackers.
type reconciler struct {
	client       client.Client
	live         client.Reader // pods and claims are looked at rarely, and not kept in memory
	publishing   *publishing.Publishing
	applier      *apply.Applier
	secrets      *apply.Applier // reads Secrets from the API server alone
	tokens       *tokens.Reader
	installation *build.Installation
	writer       *status.Writer
	// One worker reconciles, so these are its own.
	written   map[client.ObjectKey]time.Time         // when a status was written last
	projected map[client.ObjectKey][sha256.Size]byte // what the tokens were made of
	unheard   map[client.ObjectKey]time.Time         // since when a ready pod is silent
}

// An HTTPRoute is read from the API server each time, not from the cache. Of Secrets only metadata is watched, but
// RBAC has no smaller right than to list them.
//
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=clicktally.dev,resources=trackers,verbs=get;list;watch
// +kubebuilder:rbac:groups=clicktally.dev,resources=trackers/status,verbs=patch
// +kubebuilder:rbac:groups=clicktally.dev,resources=trackers/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=services;serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=get;create;patch;delete

// Setup adds the controller to the manager.
func Setup(manager ctrl.Manager, p *publishing.Publishing, applier *apply.Applier, installation *build.Installation) error {
	uncached, err := client.New(manager.GetConfig(), client.Options{Scheme: manager.GetScheme(), Mapper: manager.GetRESTMapper(), HTTPClient: manager.GetHTTPClient()})
	if err != nil {
		return fmt.Errorf("tracker controller: %w", err)
	}
	r := &reconciler{
		client: manager.GetClient(), live: manager.GetAPIReader(), publishing: p, applier: applier, installation: installation,
		writer: &status.Writer{Client: manager.GetClient(), Owner: owner}, written: map[client.ObjectKey]time.Time{},
		projected: map[client.ObjectKey][sha256.Size]byte{}, unheard: map[client.ObjectKey]time.Time{},
		secrets: &apply.Applier{Client: uncached, Reader: uncached, Owner: apply.FieldOwner},
		tokens:  &tokens.Reader{Metadata: manager.GetCache(), Live: manager.GetAPIReader()},
	}
	edited := predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
	err = ctrl.NewControllerManagedBy(manager).
		For(&v1alpha1.Tracker{}, builder.WithPredicates(edited)).
		Owns(&appsv1.StatefulSet{}).Owns(&corev1.Service{}).Owns(&corev1.ServiceAccount{}).Owns(&batchv1.Job{}).
		Owns(&networkingv1.NetworkPolicy{}).Owns(&networkingv1.Ingress{}).
		Owns(&policyv1.PodDisruptionBudget{}).Owns(&autoscalingv2.HorizontalPodAutoscaler{}).
		Owns(&corev1.Secret{}, builder.OnlyMetadata).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.callersOf), builder.WithPredicates(predicate.ResourceVersionChangedPredicate{})).
		Watches(&v1alpha1.AggregationPipeline{}, handler.EnqueueRequestsFromMapFunc(r.trackersOf), builder.WithPredicates(edited)).
		WatchesRawSource(p.Source(compile.KindTracker)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("tracker controller: %w", err)
	}
	return nil
}

// trackersOf are the trackers that name a pipeline.
func (r *reconciler) trackersOf(ctx context.Context, pipeline client.Object) []reconcile.Request {
	list := &v1alpha1.TrackerList{}
	if err := r.client.List(ctx, list, client.InNamespace(pipeline.GetNamespace())); err != nil {
		return nil // the cache is not there yet, and will bring every tracker
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if t := &list.Items[i]; string(t.Spec.PipelineRef.Name) == pipeline.GetName() {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(t)})
		}
	}
	return requests
}

// Reconcile makes the fleet of one tracker as desired, ships what its former pods left behind, and writes
// what changed in its status.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	seen, err := r.observe(ctx, request)
	if err != nil || seen == nil {
		return ctrl.Result{}, err
	}
	if seen.deleted() {
		return r.end(ctx, seen)
	}
	left := 0
	if seen.acts() {
		if left, err = r.act(ctx, seen); err != nil {
			return ctrl.Result{}, err
		}
	}
	result, err := r.tell(ctx, seen)
	if err == nil && result.IsZero() {
		result.RequeueAfter = r.lookAgain(seen, left)
	}
	return result, err
}

// lookAgain is when to look again without news, 0 for never.
func (r *reconciler) lookAgain(seen *observed, left int) time.Duration {
	_, unheard := r.unheard[client.ObjectKeyFromObject(seen.tracker)]
	switch {
	case left > 0:
		return drainEvery
	case unheard, !status.Latched(seen.tracker.Status.Conditions, v1alpha1.ConditionDurable, seen.tracker.Generation):
		return numbersEvery
	}
	return 0
}

// tell writes the status when it has changed: the conditions at once, numbers alone now and then.
func (r *reconciler) tell(ctx context.Context, seen *observed) (ctrl.Result, error) {
	now, key := time.Now(), client.ObjectKeyFromObject(seen.tracker)
	next, before := seen.status(metav1.NewTime(now)), &seen.tracker.Status
	if equality.Semantic.DeepEqual(next, before) {
		return ctrl.Result{}, nil
	}
	if early := numbersEvery - now.Sub(r.written[key]); early > 0 && equality.Semantic.DeepEqual(news(next.Conditions), news(before.Conditions)) {
		return ctrl.Result{RequeueAfter: early}, nil
	}
	r.written[key] = now
	return r.writer.Apply(ctx, seen.tracker, next)
}

// news are conditions without what is a number in words.
func news(conditions []metav1.Condition) []metav1.Condition {
	list := slices.Clone(conditions)
	for i := range list {
		if list[i].Type == v1alpha1.ConditionDurable {
			list[i].Message = ""
		}
	}
	return list
}
