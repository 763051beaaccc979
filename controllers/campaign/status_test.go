package campaign

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/heartbeats"
)

func TestServingInWords(t *testing.T) {
	for sentence, c := range map[string]struct {
		served []int64
		want   string
	}{
		"all alike":              {[]int64{7, 7}, "gen 7"},
		"most have the older":    {[]int64{6, 7, 6}, "gen 6 (2 of 3)"},
		"as many: the newer":     {[]int64{6, 7}, "gen 7 (1 of 2)"},
		"one serves nothing yet": {[]int64{0, 7}, "gen 7 (1 of 2)"},
		"nobody serves":          {[]int64{0, 0}, ""},
	} {
		var trackers []v1alpha1.CampaignTrackerStatus
		for _, generation := range c.served {
			trackers = append(trackers, v1alpha1.CampaignTrackerStatus{ServedGeneration: generation})
		}
		if got := serving(trackers); got != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
}

func TestProgrammedIsALatchPerGeneration(t *testing.T) {
	latched := []metav1.Condition{{Type: v1alpha1.ConditionProgrammed, Status: metav1.ConditionTrue, ObservedGeneration: 2}}
	at := func(applied ...int64) heartbeats.Fleet { return heartbeats.Fleet{Applied: applied} }
	for sentence, c := range map[string]struct {
		before     []metav1.Condition
		offset     int64
		eu, us     heartbeats.Fleet
		programmed bool
		reason     string
	}{
		"all pods of all trackers are there":       {nil, 9, at(9, 12), at(10), true, "Programmed"},
		"one pod is behind":                        {nil, 9, at(8, 12), at(10), false, "Progressing"},
		"a tracker without pods is not waited for": {nil, 9, at(9), at(), true, "Programmed"},
		"no tracker has a pod":                     {nil, 9, at(), at(), false, "Progressing"},
		"a pod keeps it out":                       {nil, 9, heartbeats.Fleet{Applied: []int64{9}, Rejected: []string{"campaign/a"}}, at(9), false, "NeedsUpgrade"},
		"the record is not in the log yet":         {nil, -1, at(9), at(9), false, "Progressing"},
		"it was once, and pods begin again":        {latched, 9, at(0), at(), true, "Programmed"},
	} {
		o := &observed{
			campaign: &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Status: v1alpha1.CampaignStatus{Conditions: c.before}},
			view: &publishing.View{
				Standing: publishing.Standing{Offset: c.offset, Outcome: compile.Outcome{Key: "campaign/a", Record: &catalogpb.Record{
					Generation: 2, Body: &catalogpb.Record_Campaign{Campaign: &catalogpb.Campaign{Trackers: []string{"p/eu", "p/us"}}},
				}}},
				Trackers: map[string]publishing.Tracker{"p/eu": {Fleet: c.eu}, "p/us": {Fleet: c.us}},
			},
		}
		if got := o.programmed(); (got.Status == metav1.ConditionTrue) != c.programmed || got.Reason != c.reason {
			t.Errorf("%s: %+v", sentence, got)
		}
	}
}
