package compile

import (
	"slices"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
)

func (w *work) compileCampaigns() {
	list := sorted(w.Campaigns)
	byID := make(map[string][]*candidate, len(list))
	all := make([]candidate, 0, len(list))
	for _, object := range list {
		w.campaigns[refOf(KindCampaign, object)] = true
		if w.foreign(object) {
			continue
		}
		all = append(all, candidate{object: object, checked: w.checkCampaign(object)})
		c := &all[len(all)-1]
		byID[campaignID(object)] = append(byID[campaignID(object)], c)
	}
	holders := make(map[string]*candidate, len(byID))
	for id, candidates := range byID {
		holders[id] = w.claim(id, candidates)
	}
	for i := range all {
		c := &all[i]
		w.settle(c, holders[campaignID(c.object)] == c)
	}
}

// settle notes what became of a campaign.
func (w *work) settle(c *candidate, holds bool) {
	ref := refOf(KindCampaign, c.object)
	outcome := Outcome{Ref: ref, Key: catalog.CampaignKey(campaignID(c.object)), Problems: c.problems}
	switch {
	case holds && c.ok():
		outcome.Record = c.record
	case holds:
		outcome.Record, outcome.Kept = c.kept, true
	case c.refused != "":
		r := report{ref: ref, problems: c.problems[:len(c.problems):len(c.problems)]}
		r.fail(v1alpha1.ReasonIDTaken, idField(c.object), "%s", c.refused)
		sortProblems(r.problems)
		outcome.Problems = r.problems
	}
	w.keep(outcome.Record)
	w.result.Outcomes = append(w.result.Outcomes, outcome)
}

// checkCampaign compiles a campaign, or remembers the result when nothing it depends on has changed.
func (w *work) checkCampaign(object *v1alpha1.Campaign) checked {
	input := w.campaignInput(object)
	memo, known := w.memo.campaigns[object]
	if !known || !memo.input.equal(&input) {
		memo = campaignMemo{input, checkCampaign(&input)}
	}
	w.next.campaigns[object] = memo
	return memo.output
}

func (w *work) campaignInput(object *v1alpha1.Campaign) campaignInput {
	named := object.Spec.TrackerRefs
	in := campaignInput{
		object: object, partial: w.Partial, standalone: w.Standalone,
		fleets: make([]*fleet, len(named)), admitted: make([]bool, len(named)),
		elsewhere: make([]string, len(named)), unknown: make([]bool, len(named)),
	}
	for i := range named {
		key := trackerKey(object, &named[i])
		in.fleets[i], in.elsewhere[i] = w.fleets[key], w.elsewhere[key]
		if f := in.fleets[i]; f != nil {
			in.admitted[i] = w.admitsCampaign(f, object)
		} else if in.elsewhere[i] == "" {
			in.unknown[i] = w.trackerUnknown(key)
		}
	}
	if ref := object.Spec.FraudPolicyRef; ref != nil {
		in.policy = w.next.refs.policies[object.GetNamespace()+"/"+string(ref.Name)]
	}
	return in
}

// foreign reports whether a campaign belongs to another pipeline: it names trackers, all elsewhere.
func (w *work) foreign(object *v1alpha1.Campaign) bool {
	for i := range object.Spec.TrackerRefs {
		if w.elsewhere[trackerKey(object, &object.Spec.TrackerRefs[i])] == "" {
			return false
		}
	}
	return len(object.Spec.TrackerRefs) > 0
}

// trackerUnknown reports whether a tracker was accepted before, is not listed, and is not proven gone.
func (w *work) trackerUnknown(key string) bool {
	record := catalog.TrackerPrefix + key
	return w.Previous[record].GetTracker() != nil && !w.gone(record)
}

func (w *work) admits(f *fleet, namespace string) bool {
	key := admission{f, namespace}
	admitted, known := w.admitted[key]
	if !known {
		admitted = f.admits(namespace, w.Namespaces[namespace])
		w.admitted[key] = admitted
	}
	return admitted
}

// admitsCampaign is admits, but a tracker that is itself in error goes on with the campaigns it has.
func (w *work) admitsCampaign(f *fleet, object *v1alpha1.Campaign) bool {
	if !f.kept {
		return w.admits(f, object.GetNamespace())
	}
	on := w.Previous[catalog.CampaignKey(campaignID(object))].GetCampaign()
	if on.GetNamespace() != object.GetNamespace() || on.GetName() != object.GetName() {
		return false
	}
	return slices.Contains(on.GetTrackers(), f.key)
}
