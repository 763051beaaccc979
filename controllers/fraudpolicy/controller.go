// Package fraudpolicy writes the status of FraudPolicies.
package fraudpolicy

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/judge"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// +kubebuilder:rbac:groups=clicktally.dev,resources=fraudpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=clicktally.dev,resources=fraudpolicies/status,verbs=patch

// Setup adds the controller to the manager.
func Setup(manager ctrl.Manager, p *publishing.Publishing) error {
	return judge.Setup(manager, p, judge.Kind[*v1alpha1.FraudPolicy]{
		Kind: compile.KindFraudPolicy, Owner: "clicktally-fraudpolicy",
		New: func() *v1alpha1.FraudPolicy { return &v1alpha1.FraudPolicy{} },
		Conditions: func(policy *v1alpha1.FraudPolicy) ([]metav1.Condition, int64) {
			return policy.Status.Conditions, policy.Status.ObservedGeneration
		},
		Status:  func(policy *v1alpha1.FraudPolicy, seen judge.Seen) any { return statusOf(policy, seen) },
		Current: func(policy *v1alpha1.FraudPolicy) any { return &policy.Status },
	})
}
