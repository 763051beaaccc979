package build

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"
)

// NetworkPolicy lets in what the rules name, and those who read metrics. It says nothing of the way
// out: the stores are names outside of the cluster's selectors, and brokers of Kafka and nodes of a
// Redis Cluster announce addresses and ports of their own.
func NetworkPolicy(m *Meta, name, metricsNamespace string, rules ...*applynetworkingv1.NetworkPolicyIngressRuleApplyConfiguration) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	rules = append(rules, In(PortAdmin).WithFrom(namespace(metricsNamespace)))
	return Mark(m, applynetworkingv1.NetworkPolicy(name, m.Namespace)).
		WithSpec(applynetworkingv1.NetworkPolicySpec().
			WithPodSelector(m.podSelector()).
			WithPolicyTypes(networkingv1.PolicyTypeIngress).
			WithIngress(rules...))
}

// In lets anybody in to a named port.
func In(port string) *applynetworkingv1.NetworkPolicyIngressRuleApplyConfiguration {
	return applynetworkingv1.NetworkPolicyIngressRule().WithPorts(
		applynetworkingv1.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromString(port)))
}

// AnyPod is every pod of the cluster, and nobody outside.
func AnyPod() *applynetworkingv1.NetworkPolicyPeerApplyConfiguration { return namespace("") }

// namespace is every pod of a namespace, of all where it is empty.
func namespace(name string) *applynetworkingv1.NetworkPolicyPeerApplyConfiguration {
	selector := applymetav1.LabelSelector()
	if name != "" {
		selector.WithMatchLabels(map[string]string{corev1.LabelMetadataName: name})
	}
	return applynetworkingv1.NetworkPolicyPeer().WithNamespaceSelector(selector)
}
