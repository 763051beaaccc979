package tracker

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build/tracker"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog/heartbeats"
)

const (
	// silentAfter is how long a ready pod may be unheard until it is told: one that has just begun reports soon.
	silentAfter = 30 * time.Second
	// fullPercent of a journal is full: what is left is less than a segment.
	fullPercent = 98
)

// weather are the conditions that never enter Ready.
func (o *observed) weather() map[string]status.Answer {
	return map[string]status.Answer{v1alpha1.ConditionDurable: o.durable(), v1alpha1.ConditionClientAddressKnown: o.addresses()}
}

// durable says whether clicks reach Kafka. A pod that cannot reach it at all cannot report either: it is ready,
// and silent.
func (o *observed) durable() status.Answer {
	fleet := o.view.Trackers[o.name()]
	unknown := status.Answer{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing}
	switch {
	case len(fleet.Backlogs) > 0:
		return backlog(fleet.Backlogs)
	case o.trouble != nil && len(fleet.Pods) == 0:
		unknown.Message = "what waits in journals is not known: " + status.Waits(o.view.Pipeline, o.trouble)
		return unknown
	case o.silent != "":
		return status.Answer{Reason: v1alpha1.ReasonJournalFilling, Message: fmt.Sprintf(
			"tracker %s is ready but does not report through Kafka: as long as it cannot, clicks wait in its journal; visitors are redirected", o.silent)}
	case len(fleet.Pods) == 0:
		unknown.Message = "no pod has reported yet"
		return unknown
	}
	return status.Answer{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAcknowledged, Message: "Kafka acknowledges what trackers accept"}
}

// backlog tells of the fullest journal and counts the others.
func backlog(list []heartbeats.Backlog) status.Answer {
	fullest := slices.MaxFunc(list, func(a, b heartbeats.Backlog) int { return cmp.Compare(percent(&a), percent(&b)) })
	answer := status.Answer{Reason: v1alpha1.ReasonJournalFilling}
	trouble, visitors := "is shipping its journal", "visitors are redirected"
	if !fullest.Since.IsZero() {
		trouble = "cannot reach Kafka since " + fullest.Since.Format("15:04 UTC")
	}
	if percent(&fullest) >= fullPercent {
		answer.Reason, visitors = v1alpha1.ReasonJournalFull, "spec.journal.whenFull decides of further clicks"
	}
	answer.Message = fmt.Sprintf("tracker %s %s: %d clicks wait in its journal (%d %% full); %s", fullest.Pod, trouble, fullest.Waiting, percent(&fullest), visitors)
	if more := len(list) - 1; more > 0 {
		answer.Message += fmt.Sprintf(" (and %d more trackers)", more)
	}
	return answer
}

func percent(b *heartbeats.Backlog) uint64 {
	if b.Capacity == 0 {
		return 0
	}
	return b.Bytes * 100 / b.Capacity
}

// addresses says whether a proxy stands before the fleet of which nobody told it. Where few are hidden, and
// where nobody comes, it stays as it was.
func (o *observed) addresses() status.Answer {
	known := status.Answer{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonClientAddressKnown, Message: "the addresses of visitors are known"}
	now := o.view.Trackers[o.name()].Addresses
	switch now {
	case heartbeats.AllKnown:
		return known
	case heartbeats.MostlyHidden:
		return o.hidden()
	}
	was := status.Find(o.tracker.Status.Conditions, v1alpha1.ConditionClientAddressKnown)
	switch {
	case now == heartbeats.MostlyKnown && (was == nil || was.Status != metav1.ConditionFalse):
		return known
	case was == nil || was.Status == metav1.ConditionUnknown:
		return status.Answer{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing, Message: "no visitor has come yet"}
	case was.Status == metav1.ConditionTrue:
		return known
	}
	return o.hidden()
}

func (o *observed) hidden() status.Answer {
	const degraded = "; until then signals and limits of addresses are degraded"
	c := o.tracker.Spec.ClientAddress
	if c == nil {
		return status.Answer{Reason: v1alpha1.ReasonPrivatePeer, Message: "visitors arrive from private addresses, which are a proxy's: say in spec.clientAddress how to see behind it" + degraded}
	}
	return status.Answer{Reason: v1alpha1.ReasonAddressNotStated, Message: fmt.Sprintf(
		"requests do not state the visitor's address as spec.clientAddress says (%s): correct it, or the proxy%s", c.Header, degraded)}
}

// unheard names the first pod that should report and does not, empty while no more pods are ready than report.
func (o *observed) unheard() string {
	heard := o.view.Trackers[o.name()].Pods
	if int(o.serving()) <= len(heard) {
		return ""
	}
	for ordinal := range o.pods() {
		pod := fmt.Sprintf("%s-%d", tracker.Name(o.tracker), ordinal)
		if _, found := slices.BinarySearch(heard, pod); !found {
			return pod
		}
	}
	return ""
}

// silence is the unheard pod once it has been so for long.
func (r *reconciler) silence(key client.ObjectKey, pod string, now time.Time) string {
	if pod == "" {
		delete(r.unheard, key)
		return ""
	}
	if _, known := r.unheard[key]; !known {
		r.unheard[key] = now
	}
	if now.Sub(r.unheard[key]) < silentAfter {
		return ""
	}
	return pod
}
