package compile

import (
	"slices"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
)

func (w *work) compileCampaigns() {
	list := sorted(w.Campaigns)
	all := make([]candidate, 0, len(list))
	pointers := make([]*candidate, len(list))
	byID := make(map[string][]*candidate, len(list))
	for i, object := range list {
		if w.foreign(object) {
			continue
		}
		memo := w.checkCampaign(object)
		all = append(all, candidate{object: object, memo: memo, checked: memo.output})
		pointers[i] = &all[len(all)-1]
		id := campaignID(object)
		if rivals, ok := byID[id]; ok {
			byID[id] = append(rivals, pointers[i])
		} else {
			byID[id] = pointers[i : i+1 : i+1]
		}
	}
	w.forget(len(all))
	for i := range all { // not in the order of the map, which would be all over the memory
		id := campaignID(all[i].object)
		if candidates := byID[id]; candidates[0] == &all[i] {
			if holder := w.claim(id, candidates); holder != nil {
				holder.holds = true
			}
		}
	}
	for i := range all {
		w.settle(&all[i])
	}
}

// settle notes what became of a campaign.
func (w *work) settle(c *candidate) {
	w.serve(c.memo, c.holds && c.ok())
	ref := refOf(KindCampaign, c.object)
	outcome := Outcome{Ref: ref, Generation: c.object.GetGeneration(), Key: c.memo.key, Problems: c.problems}
	switch {
	case c.holds && c.ok():
		outcome.Record = c.record
	case c.holds:
		outcome.Record, outcome.Kept = c.kept, true
	case c.refused != "":
		r := report{ref: ref, problems: slices.Clip(c.problems)}
		r.fail(v1alpha1.ReasonIDTaken, idField(c.object), "%s", c.refused)
		sortProblems(r.problems)
		outcome.Problems = r.problems
	}
	w.keep(outcome.Key, outcome.Record)
	w.outcomes[KindCampaign] = append(w.outcomes[KindCampaign], outcome)
}

// checkCampaign compiles a campaign, or remembers the result when nothing it depends on has changed.
func (w *work) checkCampaign(object *v1alpha1.Campaign) *campaignMemo {
	input := w.campaignInput(object)
	memo, known := w.next.campaigns[object]
	if !known || !memo.input.equal(&input) {
		if known {
			w.serve(memo, false)
		}
		input.named = slices.Clone(input.named)
		memo = &campaignMemo{input: input, output: checkCampaign(&input), key: campaignKey(object)}
		w.next.campaigns[object] = memo
	}
	memo.pass = w.next.passes
	return memo
}

// forget drops what is remembered of others than the campaigns that were checked now.
func (w *work) forget(checked int) {
	if len(w.next.campaigns) == checked {
		return
	}
	for object, memo := range w.next.campaigns {
		if memo.pass != w.next.passes {
			delete(w.next.campaigns, object)
			w.serve(memo, false)
		}
	}
}

// serve remembers whether a campaign is served as written.
func (w *work) serve(memo *campaignMemo, served bool) {
	switch {
	case served == memo.served:
	case served:
		w.next.served[memo.key] = memo
	case w.next.served[memo.key] == memo:
		delete(w.next.served, memo.key)
	}
	memo.served = served
}

// campaignInput gathers what a campaign depends on. Its list is overwritten by the next call.
func (w *work) campaignInput(object *v1alpha1.Campaign) campaignInput {
	w.named = w.named[:0]
	for i := range object.Spec.TrackerRefs {
		key := trackerKey(object, &object.Spec.TrackerRefs[i])
		to := named{fleet: w.fleets[key], elsewhere: w.elsewhere[key]}
		if to.fleet != nil {
			to.admitted = w.admitsCampaign(to.fleet, object)
		} else if to.elsewhere == "" {
			to.unknown = w.trackerUnknown(key)
		}
		w.named = append(w.named, to)
	}
	in := campaignInput{object: object, named: w.named, partial: w.Partial, standalone: w.Standalone}
	if ref := object.Spec.FraudPolicyRef; ref != nil {
		in.policy = w.next.refs.policies[object.GetNamespace()+"/"+string(ref.Name)]
	}
	return in
}

// foreign reports whether a campaign belongs to another pipeline: it names trackers, all elsewhere.
func (w *work) foreign(object *v1alpha1.Campaign) bool {
	if len(w.elsewhere) == 0 {
		return false
	}
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
	on := w.Previous[campaignKey(object)].GetCampaign()
	if on.GetNamespace() != object.GetNamespace() || on.GetName() != object.GetName() {
		return false
	}
	return slices.Contains(on.GetTrackers(), f.key)
}
