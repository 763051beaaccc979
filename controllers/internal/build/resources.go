package build

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// Resources are the defaults of a workload. There is no CPU limit: a throttled tracker answers late.
func Resources(cpu, memory, memoryLimit string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memoryLimit)},
	}
}

// ResourcesOf are the user's where there are any, else the defaults.
func ResourcesOf(overrides *v1alpha1.PodOverrides, defaults corev1.ResourceRequirements) corev1.ResourceRequirements {
	if overrides != nil && overrides.Resources != nil {
		return *overrides.Resources
	}
	return defaults
}

func applyResources(r corev1.ResourceRequirements) *applycorev1.ResourceRequirementsApplyConfiguration {
	out := applycorev1.ResourceRequirements()
	if len(r.Requests) > 0 {
		out.WithRequests(r.Requests)
	}
	if len(r.Limits) > 0 {
		out.WithLimits(r.Limits)
	}
	for _, claim := range r.Claims {
		c := applycorev1.ResourceClaim().WithName(claim.Name)
		if claim.Request != "" {
			c.WithRequest(claim.Request)
		}
		out.WithClaims(c)
	}
	return out
}

// memoryTarget has the collector work harder before the kernel kills: nine tenths of the limit. There
// is none without a limit.
func memoryTarget(r corev1.ResourceRequirements) *applycorev1.EnvVarApplyConfiguration {
	limit, ok := r.Limits[corev1.ResourceMemory]
	if !ok || limit.Value() <= 0 {
		return nil
	}
	return Env("GOMEMLIMIT", strconv.FormatInt(limit.Value()/10*9, 10))
}

// Env is a variable with a value.
func Env(name, value string) *applycorev1.EnvVarApplyConfiguration {
	return applycorev1.EnvVar().WithName(name).WithValue(value)
}
