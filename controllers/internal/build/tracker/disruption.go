package tracker

import (
	applypolicyv1 "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// DisruptionBudget is nil for a fleet that is always one pod.
func DisruptionBudget(in *Input) *applypolicyv1.PodDisruptionBudgetApplyConfiguration {
	most := in.Tracker.Spec.Replicas
	if a := in.Tracker.Spec.Autoscaling; a != nil {
		most = a.MaxReplicas
	}
	return build.DisruptionBudget(in.meta(), Name(in.Tracker), most)
}
