package build

import applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

// ServiceAccount without rights and without a token.
func ServiceAccount(m *Meta, name string) *applycorev1.ServiceAccountApplyConfiguration {
	return Mark(m, applycorev1.ServiceAccount(name, m.Namespace)).WithAutomountServiceAccountToken(false)
}
