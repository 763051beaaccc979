package tracker

import (
	networkingv1 "k8s.io/api/networking/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Ingress sends all paths of all domains to the Service. It is nil unless spec.route asks for it.
func Ingress(in *Input) (*applynetworkingv1.IngressApplyConfiguration, error) {
	if routeType(in.Tracker) != v1alpha1.RouteIngress {
		return nil, nil
	}
	hosts, err := hostNames(in.Tracker)
	if err != nil {
		return nil, err
	}
	name := Name(in.Tracker)
	backend := applynetworkingv1.IngressBackend().WithService(applynetworkingv1.IngressServiceBackend().WithName(name).
		WithPort(applynetworkingv1.ServiceBackendPort().WithName(build.PortHTTP)))
	spec := applynetworkingv1.IngressSpec()
	if class := in.Tracker.Spec.Route.IngressClassName; class != "" {
		spec.WithIngressClassName(string(class))
	}
	for _, host := range hosts {
		path := applynetworkingv1.HTTPIngressPath().WithPath("/").WithPathType(networkingv1.PathTypePrefix).WithBackend(backend)
		spec.WithRules(applynetworkingv1.IngressRule().WithHost(host).WithHTTP(applynetworkingv1.HTTPIngressRuleValue().WithPaths(path)))
	}
	return build.Mark(in.meta(), applynetworkingv1.Ingress(name, in.Tracker.Namespace)).WithSpec(spec), nil
}
