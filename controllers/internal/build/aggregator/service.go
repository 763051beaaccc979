package aggregator

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Service is for metrics alone.
func Service(in *Input) *applycorev1.ServiceApplyConfiguration {
	return build.HeadlessService(in.meta(), Name(in.Pipeline))
}
