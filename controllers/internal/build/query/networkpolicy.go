package query

import (
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// NetworkPolicy lets readers in from the cluster: what they read is not for the world.
func NetworkPolicy(in *Input) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	return build.NetworkPolicy(in.meta(), Name(in.Pipeline), in.Installation.MetricsNamespace, build.In(build.PortHTTP).WithFrom(build.AnyPod()))
}
