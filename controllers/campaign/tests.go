package campaign

import (
	"fmt"
	"regexp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Tests runs spec.tests of a campaign on one of its trackers by the trackers' own code. records are what the
// catalog has of the campaign and of what its clicks are judged by.
type Tests func(campaign *v1alpha1.Campaign, id, tracker string, records []*catalogpb.Record, now time.Time) (failures []string, err error)

// tested is what a campaign's tests say, nil where it has none. Nothing waits for it.
func (r *reconciler) tested(campaign *v1alpha1.Campaign, view *publishing.View) *status.Answer {
	if len(campaign.Spec.Tests) == 0 || r.tests == nil {
		return nil
	}
	unknown := &status.Answer{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProgressing}
	if view == nil || view.Record.GetGeneration() != campaign.Generation || len(view.Record.GetCampaign().GetTrackers()) == 0 {
		unknown.Message = "tests are run when the spec is accepted"
		return unknown
	}
	records := r.publishing.Around(view)
	var failed []string
	for _, key := range view.Record.GetCampaign().GetTrackers() {
		failures, err := r.tests(campaign, id(campaign), key, records, time.Now())
		if err != nil {
			unknown.Message = fmt.Sprintf("tests cannot be run on tracker %s: its fraud policy, or the campaign's own, is not in the catalog or cannot be used", key)
			return unknown
		}
		for _, text := range failures {
			failed = append(failed, fmt.Sprintf("%s (tracker %s)", withoutURLs(text), key))
		}
	}
	switch n := len(failed); n {
	case 0:
		return &status.Answer{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonTestsPassed, Message: fmt.Sprintf("%d of %d tests passed", len(campaign.Spec.Tests), len(campaign.Spec.Tests))}
	case 1:
		return &status.Answer{Reason: v1alpha1.ReasonTestsFailed, Message: failed[0]}
	default:
		return &status.Answer{Reason: v1alpha1.ReasonTestsFailed, Message: fmt.Sprintf("%d expectations do not hold, the first: %s", n, failed[0])}
	}
}

var urls = regexp.MustCompile(`https?://([^/?#\s]+)\S*?(,?)(\s|$)`)

// withoutURLs leaves the host names: links may hold what is not for everybody who may read a status.
func withoutURLs(text string) string { return urls.ReplaceAllString(text, "$1/...$2$3") }
