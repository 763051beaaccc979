package query

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Service answers readers, and serves metrics beside.
func Service(in *Input) *applycorev1.ServiceApplyConfiguration {
	service := build.Service(in.meta(), Name(in.Pipeline))
	service.Spec.WithPorts(build.AdminServicePort())
	return service
}
