package build

import (
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applypolicyv1 "k8s.io/client-go/applyconfigurations/policy/v1"
)

// mayLeave is the share of pods that may be evicted at once, rounded up: one of two to ten.
const mayLeave = "10%"

// DisruptionBudget lets nodes be drained without hurry. At one pod there is none, because it would keep
// the pod from moving or protect nothing. most is the number of pods, or how many there may be.
func DisruptionBudget(m *Meta, name string, most int32) *applypolicyv1.PodDisruptionBudgetApplyConfiguration {
	if most < 2 {
		return nil
	}
	return Mark(m, applypolicyv1.PodDisruptionBudget(name, m.Namespace)).
		WithSpec(applypolicyv1.PodDisruptionBudgetSpec().
			WithSelector(m.podSelector()).
			WithMaxUnavailable(intstr.FromString(mayLeave)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow))
}
