// Package campaign writes the status of Campaigns: what became of them, the links to hand out, and who
// serves which generation. The catalog itself is made by package publishing.
package campaign

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/judge"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

const (
	// owner of the fields of status.
	owner = "clicktally-campaign"
	// workers write in parallel: after an edit of a tracker every campaign of it may have news.
	workers = 4
)

// reconciler writes the status of campaigns and nothing else.
type reconciler struct {
	client     client.Client
	publishing *publishing.Publishing
	events     events.EventRecorder
	tests      Tests // nil: none are run
	writer     *status.Writer
}

// +kubebuilder:rbac:groups=clicktally.dev,resources=campaigns,verbs=get;list;watch
// +kubebuilder:rbac:groups=clicktally.dev,resources=campaigns/status,verbs=patch

// Setup adds the controller to the manager.
func Setup(manager ctrl.Manager, p *publishing.Publishing, tests Tests) error {
	r := &reconciler{
		client: manager.GetClient(), publishing: p, events: manager.GetEventRecorder(owner), tests: tests,
		writer: &status.Writer{Client: manager.GetClient(), Owner: owner},
	}
	err := ctrl.NewControllerManagedBy(manager).
		For(&v1alpha1.Campaign{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(p.Source(compile.KindCampaign)).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("campaign controller: %w", err)
	}
	return nil
}

// Reconcile writes what changed in one campaign's status.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	seen, err := r.observe(ctx, request)
	if err != nil || seen == nil {
		return ctrl.Result{}, err
	}
	next := seen.status(metav1.Now())
	if equality.Semantic.DeepEqual(next, &seen.campaign.Status) {
		return ctrl.Result{}, nil
	}
	result, err := r.writer.Apply(ctx, seen.campaign, next)
	if err == nil && result.IsZero() {
		judge.Tell(r.events, seen.campaign, seen.campaign.Status.Conditions, next.Conditions)
	}
	return result, err
}
