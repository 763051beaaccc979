package tracker

import (
	"fmt"
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// drainGrace lets a Job that is stopped report what it shipped.
const drainGrace = 30 * time.Second

// DrainName of the Job that empties a claim of the fleet.
func DrainName(claim string) string { return build.Base(claim) + "-drain" }

// ClaimName of the pod with an ordinal.
func ClaimName(t *v1alpha1.Tracker, ordinal int32) string {
	return fmt.Sprintf("%s-%s-%d", volumeName, Name(t), ordinal)
}

// DrainJob ships what a claim's journal holds, until the journal is empty or somebody deletes the Job.
// It never gives up: what it holds was promised to be counted. Its template is immutable and follows
// the operator's version, so it is made once and not applied again.
func DrainJob(in *Input, claim string) (*applybatchv1.JobApplyConfiguration, error) {
	size, err := journalSize(in.Tracker)
	if err != nil {
		return nil, err
	}
	m := in.meta()
	m.Component = build.Drain // no Service and no budget of the fleet selects it
	volume := applycorev1.Volume().WithName(volumeName).
		WithPersistentVolumeClaim(applycorev1.PersistentVolumeClaimVolumeSource().WithClaimName(claim))
	p := &build.Pod{
		Meta: m, Installation: in.Installation, Image: in.image(), ServiceAccount: Name(in.Tracker), Once: true,
		Args:   append([]string{"--drain", "--pod=$(POD_NAME)"}, journalArgs(size)...),
		Env:    []*applycorev1.EnvVarApplyConfiguration{build.PodName()},
		Mounts: []build.Mount{{Name: volumeName, Path: build.StateDir, Volume: volume}},
		Grace:  drainGrace, Resources: build.Resources("50m", "128Mi", "512Mi"), Overrides: drainOverrides(in.Tracker.Spec.Pod),
	}
	p.With(build.KafkaClient(&in.Pipeline.Spec.Kafka, in.login()))
	template, err := p.Template()
	if err != nil {
		return nil, err
	}
	return build.Mark(m, applybatchv1.Job(DrainName(claim), in.Tracker.Namespace)).
		WithSpec(applybatchv1.JobSpec().WithBackoffLimit(math.MaxInt32).WithTemplate(template)), nil
}

// drainOverrides are what still holds for a pod that stands where its claim is: never the distance to
// other pods.
func drainOverrides(o *v1alpha1.PodOverrides) *v1alpha1.PodOverrides {
	if o == nil {
		return nil
	}
	kept := &v1alpha1.PodOverrides{Labels: o.Labels, Annotations: o.Annotations, NodeSelector: o.NodeSelector, Tolerations: o.Tolerations}
	if o.Affinity != nil && o.Affinity.NodeAffinity != nil {
		kept.Affinity = &corev1.Affinity{NodeAffinity: o.Affinity.NodeAffinity}
	}
	return kept
}
