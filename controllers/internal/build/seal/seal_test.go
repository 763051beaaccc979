package seal

import (
	"strconv"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
)

func inputOf(c buildtest.Case) *Input {
	return &Input{Schedule: c.Schedule, Pipeline: c.Pipeline, Installation: buildtest.Installation()}
}

func cases(t *testing.T) map[string]*Input {
	full := inputOf(buildtest.Full(t))
	full.Installation, full.Owner = buildtest.Guarded(), buildtest.Owner("BillingSchedule", full.Schedule.Name)
	return map[string]*Input{"minimal": inputOf(buildtest.Minimal(t)), "full": full}
}

func cronJobOf(t *testing.T, in *Input) *batchv1.CronJob {
	t.Helper()
	job, err := CronJob(in)
	if err != nil {
		t.Fatal(err)
	}
	return buildtest.As[batchv1.CronJob](t, job)
}

func TestGoldenFiles(t *testing.T) {
	for name, in := range cases(t) {
		t.Run(name, func(t *testing.T) {
			all, err := All(in)
			if err != nil {
				t.Fatal(err)
			}
			buildtest.Golden(t, name, all)
		})
	}
}

// The process connects to nothing before it has read every credential.
func TestTheCommandStartsAsItsPodSays(t *testing.T) {
	for name, in := range cases(t) {
		t.Run(name, func(t *testing.T) {
			buildtest.Nowhere(in.Pipeline)
			buildtest.Starts(t, "clicktally", &cronJobOf(t, in).Spec.JobTemplate.Spec.Template.Spec, "reading the catalog")
		})
	}
}

func TestPodsAreRestrictedAndEndWithinTheHour(t *testing.T) {
	for name, in := range cases(t) {
		t.Run(name, func(t *testing.T) {
			job := cronJobOf(t, in).Spec.JobTemplate.Spec
			buildtest.Restricted(t, &job.Template)
			if *job.ActiveDeadlineSeconds >= 3600 || within >= deadline {
				t.Errorf("ends by itself after %v, and is ended after %d s: the next run comes after an hour", within, *job.ActiveDeadlineSeconds)
			}
			if spec := job.Template.Spec; spec.RestartPolicy != corev1.RestartPolicyNever || *job.BackoffLimit != 0 {
				t.Errorf("tried again at once: restart %s, backoff %d", spec.RestartPolicy, *job.BackoffLimit)
			}
			file := buildtest.Arguments(&job.Template.Spec)["--result-file"]
			if path := job.Template.Spec.Containers[0].TerminationMessagePath; len(file) != 1 || file[0] != path {
				t.Errorf("the outcome is written to %v, and read from %s", file, path)
			}
		})
	}
}

func TestTheScheduleSaysWhatIsSealed(t *testing.T) {
	in := inputOf(buildtest.Minimal(t))
	in.Schedule.Generation = 7
	in.Schedule.Spec.Period, in.Schedule.Spec.TimeZone, in.Schedule.Spec.Grace = v1alpha1.BillingWeek, "Asia/Kolkata", "36h"
	in.Schedule.Spec.Billable = []v1alpha1.ClickStatus{"Valid", "Suspicious"}
	template := cronJobOf(t, in).Spec.JobTemplate.Spec.Template
	arguments := buildtest.Arguments(&template.Spec)
	for flag, want := range map[string]string{
		"--due": "Week", "--zone": "Asia/Kolkata", "--grace": "36h", "--billable": "Valid,Suspicious", "--by": "BillingSchedule clicktally/monthly",
	} {
		if got := arguments[flag]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", flag, got, want)
		}
	}
	if got := template.Annotations[AnnotationGeneration]; got != "7" {
		t.Errorf("a pod seals for generation %q", got)
	}
}

func TestASuspendedPipelineSuspendsTheCronJob(t *testing.T) {
	in := inputOf(buildtest.Minimal(t))
	if *cronJobOf(t, in).Spec.Suspend {
		t.Error("suspended without a reason")
	}
	in.Pipeline.Spec.Suspend = v1alpha1.SuspendReconciliation
	if !*cronJobOf(t, in).Spec.Suspend {
		t.Error("goes on")
	}
}

func TestSchedulesAreSpreadOverTheHour(t *testing.T) {
	in, minutes := inputOf(buildtest.Minimal(t)), map[string]int{}
	for i := range 600 {
		in.Schedule.Name = "schedule-" + strconv.Itoa(i)
		minutes[cronJobOf(t, in).Spec.Schedule]++
	}
	for minute, n := range minutes {
		if n > 30 {
			t.Errorf("%d of 600 schedules run at %s", n, minute)
		}
	}
}

// Kubernetes refuses a CronJob whose name has more than 52 characters.
func TestEveryNameIsShortEnough(t *testing.T) {
	in := inputOf(buildtest.Minimal(t))
	names := map[string]bool{}
	for _, name := range []string{"monthly", strings.Repeat("a", 48), strings.Repeat("very-long.", 25) + "eu", strings.Repeat("very-long.", 25) + "us"} {
		in.Schedule.Name = name
		got := Name(in.Schedule)
		if len(got) > 52 || names[got] {
			t.Errorf("%s: %s has %d characters, or is taken", name, got, len(got))
		}
		names[got] = true
	}
}
