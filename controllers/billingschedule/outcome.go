package billingschedule

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build/seal"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/store/sealing"
)

// run is what the last pod that came to an end tells.
type run struct {
	at      time.Time
	outcome sealing.Outcome
	failed  string // why there is no outcome
}

// latest is the last run for this generation of the schedule, nil when none has ended.
func latest(schedule *v1alpha1.BillingSchedule, pods []corev1.Pod) *run {
	var last *run
	for i := range pods {
		pod := &pods[i]
		if pod.Annotations[seal.AnnotationGeneration] != strconv.FormatInt(schedule.Generation, 10) || !ofJob(pod, seal.Name(schedule)) {
			continue
		}
		if r := runOf(pod); r != nil && (last == nil || last.at.Before(r.at)) {
			last = r
		}
	}
	return last
}

// ofJob reports whether a Job of the CronJob made the pod.
func ofJob(pod *corev1.Pod, cronJob string) bool {
	owner := metav1.GetControllerOf(pod)
	return owner != nil && owner.Kind == "Job" && strings.HasPrefix(owner.Name, cronJob+"-")
}

// unstartable are reasons for which a container waits for somebody, by what is said of them: some take turns.
var unstartable = map[string]string{
	"ErrImagePull": "its image cannot be pulled", "ImagePullBackOff": "its image cannot be pulled",
	"InvalidImageName": "its image has no valid name", "CreateContainerConfigError": "a Secret or a key that it needs is missing",
}

// runOf is nil while the pod is at work.
func runOf(pod *corev1.Pod) *run {
	r := &run{at: pod.CreationTimestamp.Time}
	for i := range pod.Status.ContainerStatuses {
		state := &pod.Status.ContainerStatuses[i].State
		if ended := state.Terminated; ended != nil {
			r.at = slices.MaxFunc([]time.Time{r.at, ended.FinishedAt.Time}, time.Time.Compare)
			var err error
			if r.outcome, err = sealing.Parse(ended.Message); err != nil {
				r.failed = fmt.Sprintf("the process ended with status %d (%s) and left no outcome", ended.ExitCode, cmp.Or(ended.Reason, "no reason"))
			}
			return r
		}
		if waiting := state.Waiting; waiting != nil && unstartable[waiting.Reason] != "" {
			r.failed = "the pod does not start: " + unstartable[waiting.Reason]
			return r
		}
	}
	if pod.Status.Phase != corev1.PodFailed {
		return nil
	}
	r.failed = "the pod was ended: " + cmp.Or(pod.Status.Reason, "no reason")
	return r
}

// sealedStatus is what should be said of sealing. hindered wins; without it and without a run, what was said stays.
func sealedStatus(schedule *v1alpha1.BillingSchedule, hindered *status.Answer, last *run, now metav1.Time) *v1alpha1.BillingScheduleStatus {
	_, next := parts(&schedule.Status)
	before := schedule.Status.Conditions
	set := func(a status.Answer, do string) {
		next.Conditions = []metav1.Condition{status.One(v1alpha1.ConditionSealed, schedule.Generation, a, do, before, now)}
	}
	if last != nil && last.failed == "" && (last.outcome.Error == "" || last.outcome.LastRevision != "") {
		next.SealedPeriods, next.LastRevision, next.LastSealTime = &last.outcome.SealedPeriods, last.outcome.LastRevision, nil
		if at := last.outcome.LastSealTime; !at.IsZero() {
			next.LastSealTime = &metav1.Time{Time: at.Truncate(time.Second)} // as the API server keeps it
		}
	}
	was := status.Find(before, v1alpha1.ConditionSealed)
	switch {
	case hindered != nil:
		set(*hindered, "")
	case last != nil:
		set(last.answer(schedule))
	case !accepted(schedule):
	case was == nil || was.ObservedGeneration != schedule.Generation || slices.Contains(hindrances, was.Reason):
		set(status.Answer{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing, Message: fmt.Sprintf(
			"no run has ended yet: CronJob %s starts one at minute %d of every hour", seal.Name(schedule), seal.Minute(schedule))}, "")
	}
	return next
}

// hindrances are reasons that hold no longer than what they speak of.
var hindrances = []string{v1alpha1.ReasonRefNotFound, v1alpha1.ReasonSuspended, v1alpha1.ReasonNameTaken}

// answer is the condition and what helps.
func (r *run) answer(schedule *v1alpha1.BillingSchedule) (a status.Answer, do string) {
	o := &r.outcome
	log := "it is tried again every hour; the log of the last pod of CronJob " + seal.Name(schedule) + " says more"
	switch {
	case r.failed != "":
		return status.Answer{Reason: v1alpha1.ReasonSealFailed, Message: r.failed}, log
	case o.Refused != "":
		more := ""
		if n := o.RefusedPeriods - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more)", n)
		}
		why := strings.TrimPrefix(o.Why, "the period cannot be sealed: ")
		return status.Answer{Reason: v1alpha1.ReasonPeriodRefused, Message: fmt.Sprintf("%s%s is not sealed: %s", o.Refused, more, why)}, remedy(why)
	case o.Error != "":
		return status.Answer{Reason: v1alpha1.ReasonSealFailed, Message: o.Error}, log
	case o.Expired != "":
		return status.Answer{Reason: v1alpha1.ReasonRawExpired, Message: "raw events of " + o.Expired + " expired before it was sealed"},
			"its bill has to be made by hand"
	case o.LastRevision == "":
		return status.Answer{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNothingDue, Message: "no period with events is over with its grace"}, ""
	}
	return status.Answer{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSealed, Message: "every period that is due is sealed"}, ""
}

// remedies say what helps, by the name of the first finding.
var remedies = []struct{ findings, do string }{
	{"NotLoaded LogUnknown", "let the aggregators work: it is tried again every hour"},
	{"ManifestMissing RawMissing OffsetsUnexplained", "run clicktally recover, or restore ClickHouse"},
	{"MinutesDirty CountsDiffer MarkWithoutRows", "run clicktally restate"},
	{"JournalOpen BootUnheard ClicksLost", "drain the journal; when it is gone for good, run clicktally seal with --override"},
}

func remedy(why string) string {
	finding, _, _ := strings.Cut(why, ":")
	for _, r := range remedies {
		if slices.Contains(strings.Fields(r.findings), finding) {
			return r.do
		}
	}
	return "run clicktally seal by hand to see all of it"
}
