package tracker

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// ServiceAccount of the fleet: trackers face the internet and speak to no API server.
func ServiceAccount(in *Input) *applycorev1.ServiceAccountApplyConfiguration {
	return build.ServiceAccount(in.meta(), Name(in.Tracker))
}
