// Package build holds what the builders of all workloads share: names, labels, pods, and the way to a
// pipeline's stores. The builders themselves stand below it, one folder for each component and one
// file for each Kubernetes object.
//
// A builder is a pure function of custom resources and of facts that the operator knows. It has no
// client, clock, random or environment, and returns the same object for the same arguments. nil means
// that the object must not exist.
//
// Builders return apply configurations, not typed objects: every field of those is a pointer, so a
// field that we do not speak of is not in the request, and server-side apply leaves it to whoever
// owns it. A typed Deployment always says `strategy: {}`, `resources: {}` and `status: {}`, and would
// take fields from others or fight with their defaults. An HTTPRoute is unstructured, because the
// Gateway API's Go types would be a dependency for one object.
//
// Nothing in a pod template follows from what the catalog carries (design 5): an edit of a campaign,
// of a policy, or of what a Tracker says about clicks, restarts no pod.
package build

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
)

// Installation is what the operator knows of itself. Name and the images are required.
type Installation struct {
	// Name tells this installation from others of the cluster: a label value.
	Name string
	// Images are those of the operator's own version.
	Images Images
	// PullPolicy of the images. Empty: Kubernetes decides.
	PullPolicy corev1.PullPolicy
	// PullSecrets are Secrets in the namespace of the workload that open the registry.
	PullSecrets []string
	// MetricsNamespace is where metrics are read from. Empty: any namespace of the cluster.
	MetricsNamespace string
}

// Images are references such as registry.example/clicktally/tracker:v0.3.1.
// Ledger is the one of the command clicktally.
type Images struct{ Tracker, Aggregator, Query, Ledger string }

// Desired is what should be in the cluster under a name.
type Desired struct {
	Kind schema.GroupVersionKind
	Name string
	// Object is applied as it is. nil: there must be no such object of ours.
	Object runtime.ApplyConfiguration
}

// OrNone keeps a nil pointer from becoming an object that is not nil.
func OrNone[T any, P interface {
	*T
	runtime.ApplyConfiguration
}](object P) runtime.ApplyConfiguration {
	if object == nil {
		return nil
	}
	return object
}

// InvalidError is a mistake in a custom resource that its schema let pass. Only its author can mend it.
type InvalidError struct {
	// Field is the path, such as spec.redis.addresses.
	Field string
	// Problem says what is wrong and what to do.
	Problem string
}

// Error names the field first.
func (e *InvalidError) Error() string { return e.Field + ": " + e.Problem }

// Invalid makes an InvalidError.
func Invalid(field, format string, args ...any) error {
	return &InvalidError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// Owner is the custom resource that Kubernetes deletes an object with; nil leaves the object without.
type Owner = applymetav1.OwnerReferenceApplyConfiguration
