package build

import applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

// PodName is the variable POD_NAME, for $(POD_NAME) in arguments.
func PodName() *applycorev1.EnvVarApplyConfiguration {
	field := applycorev1.ObjectFieldSelector().WithFieldPath("metadata.name")
	return applycorev1.EnvVar().WithName("POD_NAME").WithValueFrom(applycorev1.EnvVarSource().WithFieldRef(field))
}
