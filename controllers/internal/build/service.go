package build

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
)

// ServicePort is where a Service answers HTTP.
const ServicePort int32 = 80

// Service answers HTTP at port 80 of an address in the cluster.
func Service(m *Meta, name string) *applycorev1.ServiceApplyConfiguration {
	return Mark(m, applycorev1.Service(name, m.Namespace)).
		WithSpec(applycorev1.ServiceSpec().WithType(corev1.ServiceTypeClusterIP).WithSelector(m.Selector()).
			WithPorts(servicePort(PortHTTP, ServicePort)))
}

// HeadlessService names the pods one by one, also those that are not ready: their metrics tell why.
func HeadlessService(m *Meta, name string) *applycorev1.ServiceApplyConfiguration {
	return Mark(m, applycorev1.Service(name, m.Namespace)).
		WithSpec(applycorev1.ServiceSpec().WithClusterIP(corev1.ClusterIPNone).WithPublishNotReadyAddresses(true).
			WithSelector(m.Selector()).WithPorts(AdminServicePort()))
}

// AdminServicePort is where metrics are read, under the name that they are looked for by.
func AdminServicePort() *applycorev1.ServicePortApplyConfiguration {
	return servicePort(PortAdmin, AdminPort)
}

func servicePort(name string, number int32) *applycorev1.ServicePortApplyConfiguration {
	return applycorev1.ServicePort().WithName(name).WithPort(number).WithTargetPort(intstr.FromString(name)).
		WithProtocol(corev1.ProtocolTCP).WithAppProtocol("http")
}
