package aggregator

import (
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// NetworkPolicy lets in those who read metrics, and nobody else.
func NetworkPolicy(in *Input) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	return build.NetworkPolicy(in.meta(), Name(in.Pipeline), in.Installation.MetricsNamespace)
}
