package query

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// ServiceAccount of the query service.
func ServiceAccount(in *Input) *applycorev1.ServiceAccountApplyConfiguration {
	return build.ServiceAccount(in.meta(), Name(in.Pipeline))
}
