// Package pipeline keeps the workloads of AggregationPipelines, which count and answer, and writes what
// became of each into its status. Topics and the catalog are package publishing's, tables the aggregators'.
package pipeline

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/apply"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// owner of the fields of status.
const owner = "clicktally-pipeline"

// reconciler keeps the workloads and the status of pipelines.
type reconciler struct {
	client       client.Client
	live         client.Reader // Secrets are not kept in memory
	publishing   *publishing.Publishing
	applier      *apply.Applier
	installation *build.Installation
	writer       *status.Writer
}

// The finalizers subresource is asked for where an admission plugin guards blockOwnerDeletion, as in OpenShift.
//
// +kubebuilder:rbac:groups=clicktally.dev,resources=aggregationpipelines,verbs=list;watch
// +kubebuilder:rbac:groups=clicktally.dev,resources=aggregationpipelines/status,verbs=patch
// +kubebuilder:rbac:groups=clicktally.dev,resources=aggregationpipelines/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=services;serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete

// Setup adds the controller to the manager.
func Setup(manager ctrl.Manager, p *publishing.Publishing, applier *apply.Applier, installation *build.Installation) error {
	r := &reconciler{
		client: manager.GetClient(), live: manager.GetAPIReader(), publishing: p, applier: applier, installation: installation,
		writer: &status.Writer{Client: manager.GetClient(), Owner: owner},
	}
	edited := predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
	err := ctrl.NewControllerManagedBy(manager).
		For(&v1alpha1.AggregationPipeline{}, builder.WithPredicates(edited)).
		Owns(&appsv1.Deployment{}).Owns(&corev1.Service{}).Owns(&corev1.ServiceAccount{}).
		Owns(&networkingv1.NetworkPolicy{}).Owns(&policyv1.PodDisruptionBudget{}).
		WatchesRawSource(p.Source(compile.KindPipeline)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("pipeline controller: %w", err)
	}
	return nil
}

// Reconcile makes the workloads of one pipeline as desired and writes what changed in its status.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	seen, err := r.observe(ctx, request)
	if err != nil || seen == nil {
		return ctrl.Result{}, err
	}
	if seen.acts() {
		if err := r.act(ctx, seen); err != nil {
			return ctrl.Result{}, err
		}
	}
	next := seen.status(metav1.Now())
	if equality.Semantic.DeepEqual(next, &seen.pipeline.Status) {
		return ctrl.Result{}, nil
	}
	return r.writer.Apply(ctx, seen.pipeline, next)
}
