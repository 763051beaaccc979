package tracker

import (
	"cmp"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	applyautoscalingv2 "k8s.io/client-go/applyconfigurations/autoscaling/v2"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Defaults of spec.autoscaling.
const (
	defaultMinReplicas      = 2
	defaultTargetCPUPercent = 60
)

// How a fleet shrinks: every pod that goes leaves a journal to be shipped by a Job, so it goes slowly.
const (
	shrinkAfterSeconds = 600
	shrinkEverySeconds = 60
	shrinkPercent      = 10
	shrinkPods         = 1
)

// Autoscaler is nil without spec.autoscaling. It looks at the tracker's container alone, so that a
// sidecar without a CPU request does not blind it.
func Autoscaler(in *Input) (*applyautoscalingv2.HorizontalPodAutoscalerApplyConfiguration, error) {
	a := in.Tracker.Spec.Autoscaling
	if a == nil {
		return nil, nil
	}
	resources := resources(in)
	if resources.Requests.Cpu().IsZero() && resources.Limits.Cpu().IsZero() {
		return nil, build.Invalid("spec.pod.resources", "states no CPU: autoscaling is by the share of requests.cpu, so set it")
	}
	name := Name(in.Tracker)
	target := applyautoscalingv2.MetricTarget().WithType(autoscalingv2.UtilizationMetricType).
		WithAverageUtilization(cmp.Or(a.TargetCPUPercent, defaultTargetCPUPercent))
	cpu := applyautoscalingv2.ContainerResourceMetricSource().WithContainer(string(build.Tracker)).WithName(corev1.ResourceCPU).WithTarget(target)
	return build.Mark(in.meta(), applyautoscalingv2.HorizontalPodAutoscaler(name, in.Tracker.Namespace)).
		WithSpec(applyautoscalingv2.HorizontalPodAutoscalerSpec().
			WithScaleTargetRef(applyautoscalingv2.CrossVersionObjectReference().WithAPIVersion("apps/v1").WithKind("StatefulSet").WithName(name)).
			WithMinReplicas(cmp.Or(a.MinReplicas, defaultMinReplicas)).
			WithMaxReplicas(a.MaxReplicas).
			WithMetrics(applyautoscalingv2.MetricSpec().WithType(autoscalingv2.ContainerResourceMetricSourceType).WithContainerResource(cpu)).
			WithBehavior(applyautoscalingv2.HorizontalPodAutoscalerBehavior().WithScaleDown(shrink(in.HoldSize)))), nil
}

func shrink(hold bool) *applyautoscalingv2.HPAScalingRulesApplyConfiguration {
	rules := applyautoscalingv2.HPAScalingRules().WithStabilizationWindowSeconds(shrinkAfterSeconds).WithPolicies(
		applyautoscalingv2.HPAScalingPolicy().WithType(autoscalingv2.PercentScalingPolicy).WithValue(shrinkPercent).WithPeriodSeconds(shrinkEverySeconds),
		applyautoscalingv2.HPAScalingPolicy().WithType(autoscalingv2.PodsScalingPolicy).WithValue(shrinkPods).WithPeriodSeconds(shrinkEverySeconds))
	if hold {
		return rules.WithSelectPolicy(autoscalingv2.DisabledPolicySelect)
	}
	return rules.WithSelectPolicy(autoscalingv2.MaxChangePolicySelect)
}
