package score

import (
	"fmt"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Actions say where flagged visitors go. They change nothing that is billed.
type Actions struct {
	Suspicious catalogpb.Action
	Fraudulent catalogpb.Action
}

// Actions returns what the policy does to flagged visitors.
func (p *Policy) Actions() Actions { return p.actions }

// StricterActions are those of the tracker's policy, and of the campaign's where that keeps more
// visitors from the offer page. campaign may be nil.
func StricterActions(tracker, campaign *Policy) Actions {
	if campaign == nil {
		return tracker.actions
	}
	return Actions{
		Suspicious: max(tracker.actions.Suspicious, campaign.actions.Suspicious),
		Fraudulent: max(tracker.actions.Fraudulent, campaign.actions.Fraudulent),
	}
}

// newActions refuses actions this version does not know: the order of their numbers is their strictness.
func newActions(p *catalogpb.Policy) (Actions, error) {
	a := Actions{Suspicious: p.GetSuspicious(), Fraudulent: p.GetFraudulent()}
	for _, action := range []catalogpb.Action{a.Suspicious, a.Fraudulent} {
		if action != catalogpb.Action_ACTION_OFFER_PAGE && action != catalogpb.Action_ACTION_SAFE_PAGE {
			return Actions{}, fmt.Errorf("actions: %s is not known here", action)
		}
	}
	return a, nil
}
