package tracker

import (
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// NetworkPolicy lets visitors in from anywhere.
func NetworkPolicy(in *Input) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	return build.NetworkPolicy(in.meta(), Name(in.Tracker), in.Installation.MetricsNamespace, build.In(build.PortHTTP))
}
