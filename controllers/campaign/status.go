package campaign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// status is what the campaign's status should be.
func (o *observed) status(now metav1.Time) *v1alpha1.CampaignStatus {
	before := &o.campaign.Status
	next := &v1alpha1.CampaignStatus{ObservedGeneration: o.campaign.Generation}
	if o.view == nil {
		next.Trackers, next.Serving = before.Trackers, before.Serving
		next.Conditions = status.Unknown(o.campaign.Generation, servedBefore(before), o.trouble, before.Conditions, now)
		next.Conditions = append(next.Conditions, status.Kept(before.Conditions, v1alpha1.ConditionTestsPassed)...)
		return next
	}
	verdict := status.Verdict{
		Generation: o.campaign.Generation, Problems: o.view.Problems, Served: o.view.Record.GetGeneration(), Programmed: o.programmed(),
	}
	next.Trackers = o.trackers(verdict.Programmed.Status == metav1.ConditionTrue)
	next.Serving = serving(next.Trackers)
	verdict.Serving = fmt.Sprintf("%s serves on %s", next.Serving, listed(o.view.Record.GetCampaign().GetTrackers()))
	if o.tested != nil {
		verdict.Weather = map[string]status.Answer{v1alpha1.ConditionTestsPassed: *o.tested}
	}
	next.Conditions = verdict.Conditions(before.Conditions, now)
	return next
}

// programmed is a latch per generation: once every tracker that was ready had applied it, nothing takes it back.
// Its message does not follow the trackers one by one, or each of them would cost a write.
func (o *observed) programmed() status.Answer {
	generation, trackers := o.campaign.Generation, o.view.Record.GetCampaign().GetTrackers()
	done := status.Answer{
		Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProgrammed,
		Message: fmt.Sprintf("every ready pod of %s has applied generation %d", listed(trackers), generation),
	}
	if status.Latched(o.campaign.Status.Conditions, v1alpha1.ConditionProgrammed, generation) {
		return done
	}
	ready, passed := 0, 0
	for _, key := range trackers {
		t := o.view.Trackers[key]
		if t.Rejects(o.view.Key) {
			return status.Answer{Reason: v1alpha1.ReasonNeedsUpgrade, Message: fmt.Sprintf(
				"a pod of tracker %s is older than the operator and keeps generation %d out: upgrade the tracker", key, generation)}
		}
		if len(t.Applied) > 0 {
			ready++
		}
		if o.view.Passed(key) {
			passed++
		}
	}
	switch {
	case o.view.Err != nil && !o.view.Published():
		return status.Answer{Reason: v1alpha1.ReasonProgressing, Message: status.Waits(o.view.Pipeline, o.view.Err)}
	case ready > 0 && passed == ready:
		return done
	}
	return status.Answer{Reason: v1alpha1.ReasonProgressing, Message: fmt.Sprintf(
		"waiting until ready pods of %s have applied generation %d", listed(trackers), generation)}
}

// trackers tells of each named tracker. What a tracker serves is raised only together with Programmed, or after it.
func (o *observed) trackers(programmed bool) []v1alpha1.CampaignTrackerStatus {
	record := o.view.Record.GetCampaign()
	list := make([]v1alpha1.CampaignTrackerStatus, len(o.campaign.Spec.TrackerRefs))
	for i := range o.campaign.Spec.TrackerRefs {
		ref := &o.campaign.Spec.TrackerRefs[i]
		namespace := cmp.Or(ref.Namespace, v1alpha1.NamespaceName(o.campaign.Namespace))
		key := string(namespace) + "/" + string(ref.Name)
		t := v1alpha1.CampaignTrackerStatus{Name: ref.Name, Namespace: namespace, Accepted: v1alpha1.Acceptance(metav1.ConditionFalse)}
		if slices.Contains(record.GetTrackers(), key) {
			t.Accepted, t.Reason = v1alpha1.Acceptance(metav1.ConditionTrue), v1alpha1.ReasonAccepted
			t.Link = catalog.LinkOn(o.view.Trackers[key].GetDomains(), id(o.campaign))
			t.ServedGeneration = o.servedBy(namespace, ref.Name)
			if programmed && o.view.Passed(key) {
				t.ServedGeneration = o.view.Record.GetGeneration()
			}
		} else {
			t.Reason = o.refusal(i)
		}
		list[i] = t
	}
	return list
}

// servedBy is what the status says already.
func (o *observed) servedBy(namespace v1alpha1.NamespaceName, name v1alpha1.ObjectName) int64 {
	for i := range o.campaign.Status.Trackers {
		if t := &o.campaign.Status.Trackers[i]; t.Namespace == namespace && t.Name == name {
			return t.ServedGeneration
		}
	}
	return 0
}

// refusal is why a tracker does not serve the campaign: what is wrong with its reference, else the first mistake.
func (o *observed) refusal(ref int) string {
	reason, field := v1alpha1.ReasonInvalid, fmt.Sprintf("spec.trackerRefs[%d]", ref)
	found := false
	for i := range o.view.Problems {
		p := &o.view.Problems[i]
		if p.Severity != compile.Error {
			continue
		}
		if p.Field == field {
			return p.Reason
		}
		if !found {
			reason, found = p.Reason, true
		}
	}
	return reason
}

// serving puts into words what most trackers serve: "gen 7", or "gen 6 (2 of 3)".
func serving(trackers []v1alpha1.CampaignTrackerStatus) string {
	counts := map[int64]int{}
	for i := range trackers {
		counts[trackers[i].ServedGeneration]++
	}
	delete(counts, 0)
	most := int64(0)
	for generation, n := range counts {
		if n > counts[most] || n == counts[most] && generation > most {
			most = generation
		}
	}
	switch n := counts[most]; n {
	case 0:
		return ""
	case len(trackers):
		return fmt.Sprintf("gen %d", most)
	default:
		return fmt.Sprintf("gen %d (%d of %d)", most, n, len(trackers))
	}
}

// servedBefore is the newest generation that a tracker was said to serve.
func servedBefore(before *v1alpha1.CampaignStatus) int64 {
	newest := int64(0)
	for i := range before.Trackers {
		newest = max(newest, before.Trackers[i].ServedGeneration)
	}
	return newest
}

// listed names up to three trackers and counts the rest.
func listed(keys []string) string {
	const shown = 3
	if len(keys) <= shown {
		return strings.Join(keys, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(keys[:shown], ", "), len(keys)-shown)
}
