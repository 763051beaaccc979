package compile

import (
	"testing"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
)

// An object that exists and cannot be read leaves what refers to it as it is, and editable where the
// log says enough.
func TestBrokenObjectsLeaveTheOthersAlone(t *testing.T) {
	o := many(2)
	o.Complete = true
	log := applied(nil, Compile(o))
	changed := o.Campaigns[0].DeepCopy()
	changed.Spec.State = v1alpha1.StatePaused
	key := catalog.CampaignKey(changed.Name)
	digest := string(log[key].GetDigest())

	cases := map[string]struct {
		breaks      func(o *Objects)
		servesEdits bool
	}{
		"a broken pipeline": {func(o *Objects) {
			o.Pipelines, o.Broken = nil, map[Ref]bool{{KindPipeline, "p", "main"}: true}
		}, true},
		"a broken tracker": {func(o *Objects) {
			o.Trackers, o.Broken = nil, map[Ref]bool{{KindTracker, "p", "t1"}: true}
		}, false}, // its hosts and grants for a new form are unknown
		"a broken campaign": {func(o *Objects) {
			o.Broken = map[Ref]bool{{KindCampaign, "a", o.Campaigns[1].Name}: true}
			o.Campaigns = o.Campaigns[:1]
		}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			edited := o
			edited.Campaigns = append([]*v1alpha1.Campaign{changed}, o.Campaigns[1:]...)
			edited.Previous = log
			tc.breaks(&edited)
			result := Compile(edited)
			if len(result.Deleted) > 0 {
				t.Errorf("deleted %v", result.Deleted)
			}
			after := applied(log, result)
			if len(after) != len(log) {
				t.Errorf("%d records, were %d", len(after), len(log))
			}
			if got := string(after[key].GetDigest()) != digest; got != tc.servesEdits {
				t.Errorf("the edit of another object is served: %v, want %v (%v)", got, tc.servesEdits, result.Problems)
			}
		})
	}
}
