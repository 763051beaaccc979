package tracker

import (
	appsv1 "k8s.io/api/apps/v1"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// StatefulSet is the fleet. Claims stay when pods go: what is in a journal is shipped before the
// operator deletes it (design 6.3). The number of pods is left out when the autoscaler owns it.
func StatefulSet(in *Input) (*applyappsv1.StatefulSetApplyConfiguration, error) {
	size, err := journalSize(in.Tracker)
	if err != nil {
		return nil, err
	}
	template, err := pod(in, size).Template()
	if err != nil {
		return nil, err
	}
	m := in.meta()
	kept := applyappsv1.StatefulSetPersistentVolumeClaimRetentionPolicy().
		WithWhenDeleted(appsv1.RetainPersistentVolumeClaimRetentionPolicyType).
		WithWhenScaled(appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	spec := applyappsv1.StatefulSetSpec().
		WithServiceName(HeadlessName(in.Tracker)).
		WithPodManagementPolicy(appsv1.ParallelPodManagement).
		WithUpdateStrategy(applyappsv1.StatefulSetUpdateStrategy().WithType(appsv1.RollingUpdateStatefulSetStrategyType)).
		WithPersistentVolumeClaimRetentionPolicy(kept).
		WithSelector(applymetav1.LabelSelector().WithMatchLabels(m.Selector())).
		WithTemplate(template)
	switch {
	case in.Tracker.Spec.Autoscaling == nil:
		spec.WithReplicas(in.Tracker.Spec.Replicas)
	case in.HeldReplicas != nil:
		spec.WithReplicas(*in.HeldReplicas)
	}
	if claim := claimTemplate(in, size); claim != nil {
		spec.WithVolumeClaimTemplates(claim)
	}
	return build.Mark(m, applyappsv1.StatefulSet(Name(in.Tracker), in.Tracker.Namespace)).WithSpec(spec), nil
}
