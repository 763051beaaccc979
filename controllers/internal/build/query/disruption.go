package query

import (
	applypolicyv1 "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// DisruptionBudget is nil for one process.
func DisruptionBudget(in *Input) *applypolicyv1.PodDisruptionBudgetApplyConfiguration {
	return build.DisruptionBudget(in.meta(), Name(in.Pipeline), build.Replicas(sizes(in.Pipeline)))
}
