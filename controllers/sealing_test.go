package controllers_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/store/sealing"
)

const schedule = `
apiVersion: clicktally.dev/v1alpha1
kind: BillingSchedule
metadata: {name: monthly, namespace: PLATFORM}
spec: {pipelineRef: {name: main}, period: Month, timeZone: Europe/Berlin, grace: 72h}
`

// scheduleSays waits until the condition Sealed begins so, for the present generation.
func (r *rig) scheduleSays(want string) *v1alpha1.BillingSchedule {
	r.t.Helper()
	s := &v1alpha1.BillingSchedule{}
	complaint := poll(func() string {
		if err := r.client.Get(r.t.Context(), key(r.platform, "monthly"), s); err != nil {
			return err.Error()
		}
		for _, c := range s.Status.Conditions {
			if text := fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message); c.Type == v1alpha1.ConditionSealed {
				if strings.HasPrefix(text, want) && c.ObservedGeneration == s.Generation {
					return ""
				}
				return text
			}
		}
		return "nothing"
	})
	if complaint != "" {
		r.t.Fatalf("the schedule says %s, want %s", complaint, want)
	}
	return s
}

// cronJob waits for the CronJob as it should be.
func (r *rig) cronJob(what string, wanted func(*batchv1.CronJob) bool) *batchv1.CronJob {
	r.t.Helper()
	job := &batchv1.CronJob{}
	r.eventually(what, func() bool {
		job = &batchv1.CronJob{}
		return r.get("monthly-seal", job) && wanted(job)
	})
	return job
}

// ranOnce is a pod of the CronJob that has ended, with a message for the operator.
func (r *rig) ranOnce(job *batchv1.CronJob, name, message string, at time.Time) {
	r.t.Helper()
	template := job.Spec.JobTemplate.Spec.Template.DeepCopy()
	template.Name, template.Namespace = name, r.platform
	template.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: job.Name + "-1", UID: "1", Controller: new(true)}}
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	if err := r.client.Create(r.t.Context(), pod); err != nil {
		r.t.Fatal(err)
	}
	pod.Status.Phase = corev1.PodSucceeded
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "seal", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: 1, Reason: "Error", Message: message, FinishedAt: metav1.NewTime(at),
		}},
	}}
	if err := r.client.Status().Update(r.t.Context(), pod); err != nil {
		r.t.Fatal(err)
	}
}

func encoded(t *testing.T, o *sealing.Outcome) string {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAScheduleHasItsPeriodsSealed(t *testing.T) {
	r := newRig(t)
	r.apply(platform + "---" + schedule)
	r.start()
	job := r.cronJob("there is a CronJob", func(*batchv1.CronJob) bool { return true })
	pod := &job.Spec.JobTemplate.Spec.Template.Spec
	for _, want := range []string{"--due=Month", "--zone=Europe/Berlin", "--grace=72h", "--kafka=" + r.address} {
		if !slices.Contains(pod.Containers[0].Args, want) {
			t.Errorf("%s is not in %q", want, pod.Containers[0].Args)
		}
	}
	// Kubernetes deletes it with the schedule: there is nobody here to do so.
	owner := metav1.GetControllerOf(job)
	if owner == nil || owner.Kind != "BillingSchedule" || owner.Name != "monthly" || pod.Containers[0].Image != "clicktally:1" {
		t.Errorf("owner %+v, image %s", owner, pod.Containers[0].Image)
	}
	r.scheduleSays("Unknown Progressing: no run has ended yet")

	at := time.Now().Truncate(time.Second)
	r.ranOnce(job, "first", encoded(t, &sealing.Outcome{
		SealedPeriods: 3, LastRevision: "2026-10@Europe/Berlin-1", LastSealTime: at.Add(123 * time.Millisecond),
	}), at.Add(time.Second))
	s := r.scheduleSays("True Sealed: every period that is due is sealed")
	if s.Status.SealedPeriods == nil || *s.Status.SealedPeriods != 3 || s.Status.LastRevision != "2026-10@Europe/Berlin-1" || !s.Status.LastSealTime.Time.Equal(at) {
		t.Errorf("status %+v", s.Status)
	}
	r.eventually("the catalog's conditions are there beside it", func() bool {
		r.get("monthly", s)
		return slices.ContainsFunc(s.Status.Conditions, func(c metav1.Condition) bool {
			return c.Type == v1alpha1.ConditionAccepted && c.Status == metav1.ConditionTrue
		})
	})

	// A run that finds nothing new writes nothing; one that is refused writes once.
	r.writes.of("billingschedules/monthly")
	r.ranOnce(job, "second", encoded(t, &sealing.Outcome{
		SealedPeriods: 3, LastRevision: "2026-10@Europe/Berlin-1", LastSealTime: at,
	}), at.Add(2*time.Second))
	r.ranOnce(job, "third", encoded(t, &sealing.Outcome{
		SealedPeriods: 3, LastRevision: "2026-10@Europe/Berlin-1", LastSealTime: at, Refused: "2026-11@Europe/Berlin", RefusedPeriods: 2,
		Why: "the period cannot be sealed: NotLoaded: partition 3 of generation 1 is loaded up to 7 of 9",
	}), at.Add(3*time.Second))
	r.scheduleSays("False PeriodRefused: 2026-11@Europe/Berlin (and 1 more) is not sealed: NotLoaded: partition 3 of generation 1 is loaded up to 7 of 9; let the aggregators work")
	if n := r.writes.of("billingschedules/monthly"); n != 1 {
		t.Errorf("%d writes for one piece of news", n)
	}
	r.ranOnce(job, "fourth", "", at.Add(4*time.Second))
	s = r.scheduleSays("False SealFailed: the process ended with status 1 (Error) and left no outcome; it is tried again every hour")
	if *s.Status.SealedPeriods != 3 {
		t.Errorf("%d sealed periods after a run that told nothing", *s.Status.SealedPeriods)
	}

	// What a run for another generation of the schedule found does not count.
	r.apply(strings.Replace(schedule, "72h", "48h", 1))
	r.scheduleSays("Unknown Progressing: no run has ended yet")
}

func TestNothingIsSealedWhileThePipelineIsSuspendedOrGone(t *testing.T) {
	r := newRig(t)
	r.apply(platform + "---" + schedule)
	r.start()
	r.cronJob("there is a CronJob that runs", func(job *batchv1.CronJob) bool { return !*job.Spec.Suspend })
	r.patch(&v1alpha1.AggregationPipeline{}, "main", `{"spec": {"suspend": "Reconciliation"}}`)
	r.cronJob("it is suspended", func(job *batchv1.CronJob) bool { return *job.Spec.Suspend })
	r.scheduleSays("Unknown Suspended: nothing is sealed while spec.suspend of AggregationPipeline main says so")
	r.patch(&v1alpha1.AggregationPipeline{}, "main", `{"spec": {"suspend": null}}`)
	r.cronJob("it goes on", func(job *batchv1.CronJob) bool { return !*job.Spec.Suspend })
	r.scheduleSays("Unknown Progressing: no run has ended yet")
	if err := r.client.Delete(t.Context(), &v1alpha1.AggregationPipeline{ObjectMeta: metav1.ObjectMeta{Name: "main", Namespace: r.platform}}); err != nil {
		t.Fatal(err)
	}
	r.eventually("the CronJob is gone", func() bool { return !r.get("monthly-seal", &batchv1.CronJob{}) })
	r.scheduleSays("False RefNotFound: nothing is sealed: there is no AggregationPipeline main")
}
