package tracker

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// HeadlessService gives the StatefulSet's pods their names, and metrics their targets.
func HeadlessService(in *Input) *applycorev1.ServiceApplyConfiguration {
	return build.HeadlessService(in.meta(), HeadlessName(in.Tracker))
}
