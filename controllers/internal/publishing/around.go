package publishing

import (
	"slices"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Around are the records by which clicks of a campaign are judged: its own, those of its trackers, of their
// policies and its own, and of the traffic sources of its namespace.
func (p *Publishing) Around(view *View) []*catalogpb.Record {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for key, s := range p.states {
		if nameOf(key) == view.Pipeline {
			return s.standings.around(&view.Standing)
		}
	}
	return nil
}

func (s standings) around(campaign *Standing) []*catalogpb.Record {
	records := []*catalogpb.Record{campaign.Record}
	add := func(kind, key string) *catalogpb.Record {
		name := keyOf(key)
		found := s.find(compile.Ref{Kind: kind, Namespace: name.Namespace, Name: name.Name})
		if found == nil || found.Record == nil || slices.Contains(records, found.Record) {
			return nil
		}
		records = append(records, found.Record)
		return found.Record
	}
	for _, key := range campaign.Record.GetCampaign().GetTrackers() {
		if policy := add(compile.KindTracker, key).GetTracker().GetPolicy(); policy != "" {
			add(compile.KindFraudPolicy, policy)
		}
	}
	if policy := campaign.Record.GetCampaign().GetPolicy(); policy != "" {
		add(compile.KindFraudPolicy, policy)
	}
	for _, one := range s.ofKind(compile.KindTrafficSource, campaign.Namespace) {
		if one.Record != nil {
			records = append(records, one.Record)
		}
	}
	return records
}

// judgedBy are the campaigns whose clicks are judged by one of refs: their tests may end otherwise.
func (s *state) judgedBy(refs []compile.Ref) []compile.Ref {
	policies, trackers, namespaces := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, ref := range refs {
		switch key := ref.Namespace + "/" + ref.Name; ref.Kind {
		case compile.KindFraudPolicy:
			policies[key] = true
		case compile.KindTracker:
			trackers[key] = true
		case compile.KindTrafficSource:
			namespaces[ref.Namespace] = true
		}
	}
	if len(policies)+len(trackers)+len(namespaces) == 0 {
		return nil
	}
	for key, t := range s.trackers {
		trackers[key] = trackers[key] || policies[t.GetPolicy()]
	}
	var found []compile.Ref
	for i := range s.standings {
		one := &s.standings[i]
		c := one.Record.GetCampaign()
		if one.Kind == compile.KindCampaign && (namespaces[one.Namespace] || policies[c.GetPolicy()] ||
			slices.ContainsFunc(c.GetTrackers(), func(key string) bool { return trackers[key] })) {
			found = append(found, one.Ref)
		}
	}
	return found
}
