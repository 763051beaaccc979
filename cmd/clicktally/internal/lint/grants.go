package lint

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// nameLabel is on every namespace, also without a Namespace object at hand.
const nameLabel = "kubernetes.io/metadata.name"

// admitUnknown lets trackers that select namespaces by labels admit those whose labels nobody gave,
// and names what was thereby not checked.
func admitUnknown(o *compile.Objects) []Finding {
	var unknown []string
	for _, c := range o.Campaigns {
		if _, known := o.Namespaces[c.GetNamespace()]; !known && !slices.Contains(unknown, c.GetNamespace()) {
			unknown = append(unknown, c.GetNamespace())
		}
	}
	slices.Sort(unknown)
	var list []Finding
	for i, t := range o.Trackers {
		selector := labelSelector(t)
		if selector == nil || len(unknown) == 0 {
			continue
		}
		relaxed := t.DeepCopy()
		grant := &relaxed.Spec.AllowedCampaigns.Namespaces
		grant.From, grant.Selector, grant.Names = v1alpha1.NamespacesNames, nil, nil
		for namespace, of := range o.Namespaces {
			of = labels.Merge(of, labels.Set{nameLabel: namespace})
			if selector.Matches(labels.Set(of)) {
				grant.Names = append(grant.Names, v1alpha1.NamespaceName(namespace))
			}
		}
		for _, namespace := range unknown {
			grant.Names = append(grant.Names, v1alpha1.NamespaceName(namespace))
			list = append(list, Finding{Severity: NotChecked, Message: fmt.Sprintf(
				"whether tracker %s/%s admits namespace %q: its labels are not among the given files",
				t.GetNamespace(), t.GetName(), namespace)})
		}
		slices.Sort(grant.Names)
		o.Trackers[i] = relaxed
	}
	return list
}

// labelSelector returns the selector of a tracker that looks at labels of namespaces, else nil.
func labelSelector(t *v1alpha1.Tracker) labels.Selector {
	allowed := t.Spec.AllowedCampaigns
	if allowed == nil || allowed.Namespaces.From != v1alpha1.NamespacesSelector {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(allowed.Namespaces.Selector)
	if err != nil {
		return nil // the compiler says so
	}
	requirements, _ := selector.Requirements()
	for _, r := range requirements {
		if r.Key() != nameLabel {
			return selector
		}
	}
	return nil
}
