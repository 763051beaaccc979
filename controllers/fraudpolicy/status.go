package fraudpolicy

import (
	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/judge"
)

// statusOf counts the trackers whose live policy this is: shadows have no effect in this version.
func statusOf(policy *v1alpha1.FraudPolicy, seen judge.Seen) *v1alpha1.FraudPolicyStatus {
	next := &v1alpha1.FraudPolicyStatus{
		ObservedGeneration: seen.Generation, Conditions: seen.Conditions, Trackers: policy.Status.Trackers,
	}
	if len(seen.Views) == 0 {
		return next
	}
	n, name := int32(0), policy.Namespace+"/"+policy.Name
	for i := range seen.Views {
		for _, t := range seen.Views[i].Trackers {
			if t.GetPolicy() == name {
				n++
			}
		}
	}
	next.Trackers = &n
	return next
}
