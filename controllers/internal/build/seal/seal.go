// Package seal builds what seals the periods of a BillingSchedule: a CronJob that runs `clicktally seal --due`. See
// package build for the rules.
package seal

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// AnnotationGeneration says on a pod which generation of the schedule it seals for.
const AnnotationGeneration = "clicktally.dev/generation"

// Bounds of a run, which comes once an hour.
const (
	// within is when the process ends by itself and tells how far it came, and deadline when it is ended.
	within   = 50 * time.Minute
	deadline = 55 * time.Minute
	// startLate is how late a run may still start: the next one comes soon.
	startLate = 30 * time.Minute
	// grace lets a process that is ended tell how far it came.
	grace = 30 * time.Second
)

// minutesPerHour is how far schedules are spread, so that they do not read raw all at once.
const minutesPerHour = 60

// Defaults of the API, for objects that no API server has seen.
const (
	defaultZone  = "UTC"
	defaultGrace = "48h"
)

// Input is what sealing is built from. Schedule, Pipeline and Installation are required.
type Input struct {
	Schedule *v1alpha1.BillingSchedule
	// Pipeline is the one that the schedule names.
	Pipeline     *v1alpha1.AggregationPipeline
	Installation *build.Installation
	// Owner is the schedule; nil: the objects have no owner.
	Owner *build.Owner
}

// KindCronJob is the kind of what runs.
var KindCronJob = batchv1.SchemeGroupVersion.WithKind("CronJob")

// Name of every object here. Kubernetes adds eleven characters to that of a CronJob.
func Name(s *v1alpha1.BillingSchedule) string { return build.Base(s.Name + "-seal") }

// Minute of the hour at which a schedule is looked at.
func Minute(s *v1alpha1.BillingSchedule) int {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(s.Namespace + "/" + s.Name)) // a hash takes everything
	return int(sum.Sum32() % minutesPerHour)
}

func (in *Input) meta() *build.Meta {
	return &build.Meta{
		Namespace: in.Schedule.Namespace, Component: build.Seal, Instance: in.Schedule.Name,
		Installation: in.Installation.Name, Owner: in.Owner,
	}
}

// All are the objects in the order in which they are applied.
func All(in *Input) ([]build.Desired, error) {
	job, err := CronJob(in)
	if err != nil {
		return nil, err
	}
	name := Name(in.Schedule)
	return []build.Desired{
		{Kind: corev1.SchemeGroupVersion.WithKind("ServiceAccount"), Name: name, Object: ServiceAccount(in)},
		{Kind: KindCronJob, Name: name, Object: job},
	}, nil
}

// ServiceAccount of the pods: they speak to no API server.
func ServiceAccount(in *Input) *applycorev1.ServiceAccountApplyConfiguration {
	return build.ServiceAccount(in.meta(), Name(in.Schedule))
}

// CronJob looks once an hour whether a period is due. While the pipeline is suspended, so is the CronJob.
func CronJob(in *Input) (*applybatchv1.CronJobApplyConfiguration, error) {
	if in.Schedule == nil || in.Pipeline == nil {
		return nil, errors.New("a schedule and its pipeline are required")
	}
	m := in.meta()
	pod := &build.Pod{
		Meta: m, Installation: in.Installation, ServiceAccount: Name(in.Schedule), Never: true,
		Image: build.Pinned(in.Installation.Images.Ledger, in.Pipeline.Spec.Version),
		Args:  args(in.Schedule), Grace: grace, Resources: build.Resources("100m", "128Mi", "1Gi"),
	}
	pod.With(build.KafkaClient(&in.Pipeline.Spec.Kafka, in.Pipeline.Spec.Kafka.Auth), build.ClickHouseClient(&in.Pipeline.Spec.ClickHouse))
	template, err := pod.Template()
	if err != nil {
		return nil, err
	}
	template.WithAnnotations(map[string]string{AnnotationGeneration: strconv.FormatInt(in.Schedule.Generation, 10)})
	template.Spec.Containers[0].WithTerminationMessagePath(corev1.TerminationMessagePathDefault)
	// One that could not seal is not tried again at once: the next run comes within the hour.
	job := applybatchv1.JobTemplateSpec().WithLabels(m.Labels()).WithSpec(applybatchv1.JobSpec().
		WithBackoffLimit(0).WithActiveDeadlineSeconds(int64(deadline / time.Second)).WithTemplate(template))
	return build.Mark(m, applybatchv1.CronJob(Name(in.Schedule), in.Schedule.Namespace)).
		WithSpec(applybatchv1.CronJobSpec().
			WithSchedule(fmt.Sprintf("%d * * * *", Minute(in.Schedule))).
			WithSuspend(in.Pipeline.Spec.Suspend == v1alpha1.SuspendReconciliation).
			WithConcurrencyPolicy(batchv1.ForbidConcurrent).
			WithStartingDeadlineSeconds(int64(startLate / time.Second)).
			WithSuccessfulJobsHistoryLimit(1).WithFailedJobsHistoryLimit(1).
			WithJobTemplate(job)), nil
}

// args are those of the command clicktally.
func args(s *v1alpha1.BillingSchedule) []string {
	billable := make([]string, len(s.Spec.Billable))
	for i, status := range s.Spec.Billable {
		billable[i] = string(status)
	}
	list := []string{
		"seal", "--due=" + string(s.Spec.Period), "--zone=" + cmp.Or(string(s.Spec.TimeZone), defaultZone),
		"--grace=" + cmp.Or(string(s.Spec.Grace), defaultGrace),
		"--by=BillingSchedule " + s.Namespace + "/" + s.Name,
		"--result-file=" + corev1.TerminationMessagePathDefault, "--within=" + within.String(),
	}
	if len(billable) > 0 {
		list = append(list, "--billable="+strings.Join(billable, ","))
	}
	return list
}
