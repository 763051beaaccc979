// Package trafficsource writes the status of TrafficSources.
package trafficsource

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/judge"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/controllers/internal/tokens"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// +kubebuilder:rbac:groups=clicktally.dev,resources=trafficsources,verbs=get;list;watch
// +kubebuilder:rbac:groups=clicktally.dev,resources=trafficsources/status,verbs=patch

// Setup adds the controller to the manager.
func Setup(manager ctrl.Manager, p *publishing.Publishing) error {
	k := &keys{
		sources: manager.GetClient(), reader: &tokens.Reader{Metadata: manager.GetCache(), Live: manager.GetAPIReader()},
		known: map[string]known{},
	}
	return judge.Setup(manager, p, judge.Kind[*v1alpha1.TrafficSource]{
		Kind: compile.KindTrafficSource, Owner: "clicktally-trafficsource",
		New: func() *v1alpha1.TrafficSource { return &v1alpha1.TrafficSource{} },
		Conditions: func(source *v1alpha1.TrafficSource) ([]metav1.Condition, int64) {
			return source.Status.Conditions, source.Status.ObservedGeneration
		},
		Status: func(source *v1alpha1.TrafficSource, seen judge.Seen) any {
			return statusOf(source, seen, int32(len(p.TrackersIn(source.Namespace))))
		},
		Current: func(source *v1alpha1.TrafficSource) any { return &source.Status },
		Verdict: func(ctx context.Context, source *v1alpha1.TrafficSource, _ []publishing.View, verdict *status.Verdict) error {
			return k.complete(ctx, source, verdict)
		},
		Watch: func(b *builder.Builder) {
			b.WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(k.sourcesOf), builder.WithPredicates(predicate.ResourceVersionChangedPredicate{}))
		},
	})
}
