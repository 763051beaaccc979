package controllers_test

import (
	"strings"
	"testing"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

func TestANamespacedOperatorRefusesToAdmitByWhatItCannotSee(t *testing.T) {
	for _, grant := range []string{"{from: All}", "{from: Selector, selector: {matchLabels: {team: ads}}}"} {
		t.Run(grant, func(t *testing.T) {
			r := newRig(t)
			r.apply(strings.Replace(platform, "{from: Names, names: [ADS]}", grant, 1))
			r.start()
			refused := r.trackerBecomes("Accepted=False Invalid", "Ready=False Invalid", "Stalled=True Invalid")
			for _, c := range refused.Status.Conditions {
				if c.Type == v1alpha1.ConditionAccepted && !strings.Contains(c.Message, "spec.allowedCampaigns.namespaces.from: ") {
					t.Errorf("it says %q", c.Message)
				}
			}
			r.apply(platform)
			r.trackerBecomes("Accepted=True Accepted")
		})
	}
}

func TestATenantGetsWhatItIsGrantedAndNoMore(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.apply(campaign("a", "https://shop.example.org/1") + "---" + campaign("outside", "https://shop.example.com/1"))
	r.start()
	r.becomes("a", "Accepted=True Accepted", "ResolvedRefs=True Resolved")
	refused := r.becomes("outside", "Accepted=False NotAllowed", "Stalled=True NotAllowed")
	if m := refused.Status.Conditions[0].Message; !strings.Contains(m, "shop.example.com") || strings.Contains(m, "https://") {
		t.Errorf("it says %q", m)
	}
	// The owner of the tracker takes the namespace back: it takes effect at once.
	r.apply(strings.Replace(platform, "{from: Names, names: [ADS]}", "{from: Same}", 1))
	r.becomes("a", "Ready=False RefNotPermitted", "ResolvedRefs=False RefNotPermitted")
	r.eventually("nobody serves it", func() bool {
		c := r.records()["campaign/a"].GetCampaign()
		return c == nil || len(c.GetTrackers()) == 0
	})
}

func TestAnIDBelongsToTheNamespaceThatServedIt(t *testing.T) {
	r := newRig(t)
	here := campaign("a", "https://shop.example.org/1")
	there := strings.Replace(here, "namespace: ADS", "namespace: PLATFORM", 1)
	both := strings.Replace(platform, "names: [ADS]", "names: [ADS, PLATFORM]", 1)
	r.apply(both)
	r.apply(here)
	r.start()
	r.becomes("a", "Accepted=True Accepted")
	if err := r.client.Delete(t.Context(), r.campaign("a")); err != nil {
		t.Fatal(err)
	}
	r.eventually("the id is released", func() bool { return r.records()["campaign/a"].GetReleased() != nil })
	r.apply(there)
	taken := func(reason string) bool {
		c := &v1alpha1.Campaign{}
		if err := r.client.Get(t.Context(), key(r.platform, "a"), c); err != nil {
			t.Fatal(err)
		}
		return len(c.Status.Conditions) > 0 && c.Status.Conditions[0].Reason == reason
	}
	r.eventually("another namespace does not get it", func() bool { return taken(v1alpha1.ReasonIDTaken) })
	r.apply(strings.Replace(both, "spec:\n  kafka:", "spec:\n  idOwners: [{id: a, namespace: PLATFORM}]\n  kafka:", 1))
	r.eventually("until the platform hands it over", func() bool { return taken(v1alpha1.ReasonAccepted) })
}
