package tracker

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Service is where routes, and load balancers of one's own, send visitors.
func Service(in *Input) *applycorev1.ServiceApplyConfiguration {
	return build.Service(in.meta(), Name(in.Tracker))
}
