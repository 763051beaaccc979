package compile

import (
	"slices"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Revise compiles the edit of one campaign ahead of the next compilation of everything, which gives the same record and
// finds it done. All else is taken to be as it was at the last one, so its caller must know of no other change.
//
// It returns nil where the edit concerns more than a record that is served: before it the campaign was not served as
// written; the edit has an Error; or it names another id, other trackers or another policy.
func (m *Compiler) Revise(edited *v1alpha1.Campaign) *catalogpb.Record {
	if memo := m.campaigns[edited]; memo != nil && memo.served {
		return memo.output.record
	}
	before := m.served[campaignKey(edited)]
	if before == nil || !alike(before.input.object, edited) {
		return nil
	}
	memo := &campaignMemo{input: before.input, key: before.key, pass: m.passes}
	memo.input.object = edited
	memo.output = checkCampaign(&memo.input)
	if memo.output.ok() {
		m.campaigns[edited] = memo
	}
	return memo.output.record
}

// alike reports whether two versions of a campaign name the same other objects and the same id.
func alike(a, b *v1alpha1.Campaign) bool {
	return a.GetUID() == b.GetUID() && a.GetNamespace() == b.GetNamespace() && a.GetName() == b.GetName() &&
		campaignID(a) == campaignID(b) && slices.Equal(a.Spec.TrackerRefs, b.Spec.TrackerRefs) &&
		policyName(a) == policyName(b)
}

func policyName(c *v1alpha1.Campaign) v1alpha1.ObjectName {
	if c.Spec.FraudPolicyRef == nil {
		return ""
	}
	return c.Spec.FraudPolicyRef.Name
}
