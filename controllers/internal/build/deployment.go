package build

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// defaultReplicas is Workload.replicas where nobody said.
const defaultReplicas = 2

// Replicas of one of a pipeline's Deployments.
func Replicas(w *v1alpha1.Workload) int32 {
	if w == nil || w.Replicas == 0 {
		return defaultReplicas
	}
	return w.Replicas
}

// Overrides of one of a pipeline's Deployments; nil: none.
func Overrides(w *v1alpha1.Workload) *v1alpha1.PodOverrides {
	if w == nil {
		return nil
	}
	return w.Pod
}

// Deployment of a pod. A new pod is ready before an old one goes.
func Deployment(name string, replicas int32, pod *Pod) (*applyappsv1.DeploymentApplyConfiguration, error) {
	template, err := pod.Template()
	if err != nil {
		return nil, err
	}
	rolling := applyappsv1.RollingUpdateDeployment().WithMaxSurge(intstr.FromInt32(1)).WithMaxUnavailable(intstr.FromInt32(0))
	return Mark(pod.Meta, applyappsv1.Deployment(name, pod.Namespace)).
		WithSpec(applyappsv1.DeploymentSpec().
			WithReplicas(replicas).
			WithSelector(pod.podSelector()).
			WithStrategy(applyappsv1.DeploymentStrategy().WithType(appsv1.RollingUpdateDeploymentStrategyType).WithRollingUpdate(rolling)).
			WithTemplate(template)), nil
}
