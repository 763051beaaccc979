package compile

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// refs is the small index of what objects refer to.
type refs struct {
	partial    bool
	standalone bool
	namespaced bool
	pipelines  map[string]bool // namespace/name of pipelines that exist
	policies   map[string]bool // namespace/name of policies that are served
}

// policy resolves a reference to a policy of the same namespace and returns its namespace/name.
func (o *refs) policy(r *report, path, namespace string, ref *v1alpha1.LocalRef) string {
	key := namespace + "/" + string(ref.Name)
	if !o.policies[key] {
		missing(r, o.partial, path, "FraudPolicy "+key)
	}
	return key
}

func missing(r *report, partial bool, path, what string) {
	if partial {
		r.unchecked(path, "%s is not among the given files", what)
		return
	}
	r.fail(v1alpha1.ReasonRefNotFound, path, "%s does not exist or was never accepted", what)
}

func newRefs(o *Objects, policies map[string]bool) *refs {
	x := &refs{partial: o.Partial, standalone: o.Standalone, namespaced: o.Namespaced, pipelines: map[string]bool{}, policies: policies}
	for _, p := range o.Pipelines {
		x.pipelines[p.GetNamespace()+"/"+p.GetName()] = true
	}
	return x
}

// equal reports whether two indexes answer alike, so that what was made with one holds for the other.
func (o *refs) equal(other *refs) bool {
	return other != nil && o.partial == other.partial && o.standalone == other.standalone && o.namespaced == other.namespaced &&
		sameKeys(o.pipelines, other.pipelines) && sameKeys(o.policies, other.policies)
}

func sameKeys(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for key := range a {
		if !b[key] {
			return false
		}
	}
	return true
}

// sorted returns list in the order of InOrder: itself when it is, else a copy.
func sorted[T metav1.Object](list []T) []T {
	if slices.IsSortedFunc(list, InOrder[T]) {
		return list
	}
	list = slices.Clone(list)
	slices.SortFunc(list, InOrder[T])
	return list
}

// InOrder compares objects of one kind by namespace and name. A list in this order is not sorted again by Compile.
func InOrder[T metav1.Object](a, b T) int {
	return cmp.Or(strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
}
