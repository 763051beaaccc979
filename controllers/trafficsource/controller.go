// Package trafficsource writes the status of TrafficSources.
package trafficsource

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/judge"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Setup adds the controller to the manager.
func Setup(manager ctrl.Manager, p *publishing.Publishing) error {
	return judge.Setup(manager, p, judge.Kind[*v1alpha1.TrafficSource]{
		Kind: compile.KindTrafficSource, Owner: "clicktally-trafficsource",
		New: func() *v1alpha1.TrafficSource { return &v1alpha1.TrafficSource{} },
		Conditions: func(source *v1alpha1.TrafficSource) ([]metav1.Condition, int64) {
			return source.Status.Conditions, source.Status.ObservedGeneration
		},
		Status: func(source *v1alpha1.TrafficSource, seen judge.Seen) any {
			return statusOf(source, seen, p.TrackersOf(source.Namespace))
		},
		Current: func(source *v1alpha1.TrafficSource) any { return &source.Status },
	})
}
