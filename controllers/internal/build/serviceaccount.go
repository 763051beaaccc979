package build

import applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

// ServiceAccount without rights; a pod that needs its token says so itself.
func ServiceAccount(m *Meta, name string) *applycorev1.ServiceAccountApplyConfiguration {
	return Mark(m, applycorev1.ServiceAccount(name, m.Namespace)).WithAutomountServiceAccountToken(false)
}
