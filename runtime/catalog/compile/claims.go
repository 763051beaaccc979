package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// candidate is a campaign that names an id.
type candidate struct {
	object *v1alpha1.Campaign
	memo   *campaignMemo
	checked
	kept    *catalogpb.Record // its last accepted record under today's grants, nil when nothing is left
	holds   bool
	refused string // why it does not get the id
}

// claim decides who holds one id, and returns the holder, nil when nobody does.
//
// The accepted holder is never displaced, not by its own mistakes either, unless every grant of what
// it serves was withdrawn or idOwners hands the id over. Among newcomers that are valid and whose
// namespace may use the id, the older wins, then namespace/name.
func (w *work) claim(id string, candidates []*candidate) *candidate {
	key := candidates[0].memo.key // that of the id
	on := w.Previous[key]
	if first := candidates[0]; len(candidates) == 1 && first.ok() && (on == nil || on == first.record) && w.owners[id] == "" {
		return first // by far the commonest case: a new id, or what was published last
	}
	home := cmp.Or(on.GetCampaign().GetNamespace(), on.GetReleased().GetNamespace())
	allowed := cmp.Or(w.owners[id], home)
	handed := allowed != home // also true for an id that nobody had, which changes nothing

	var holder *candidate
	for _, c := range candidates {
		if on.GetCampaign() != nil && c.object.GetNamespace() == home && c.object.GetName() == on.GetCampaign().GetName() {
			holder = c
		}
	}
	if holder != nil && !holder.ok() {
		if holder.kept = w.regrant(on); holder.kept == nil {
			holder = nil
		}
	}
	if holder == nil || handed {
		holder = cmp.Or(w.newcomer(key, on, allowed, candidates), holder)
	}
	for _, c := range candidates {
		if c != holder {
			c.refused = w.refusal(id, allowed, on, c, holder)
		}
	}
	return holder
}

// newcomer picks among the valid candidates that may use the id.
func (w *work) newcomer(key string, on *catalogpb.Record, allowed string, candidates []*candidate) *candidate {
	if on.GetCampaign() != nil && allowed == on.GetCampaign().GetNamespace() && !w.listed(on) && !w.gone(key) && w.regrant(on) != nil {
		return nil // the holder cannot be read, which is no proof that it is gone, and something is left of its grants
	}
	var first *candidate
	for _, c := range candidates {
		if c.ok() && (allowed == "" || c.object.GetNamespace() == allowed) && (first == nil || older(c, first)) {
			first = c
		}
	}
	return first
}

func older(a, b *candidate) bool {
	return cmp.Or(a.object.CreationTimestamp.Compare(b.object.CreationTimestamp.Time),
		strings.Compare(a.object.GetNamespace(), b.object.GetNamespace()),
		strings.Compare(a.object.GetName(), b.object.GetName())) < 0
}

// listed reports whether the object that a campaign record came from is among the objects.
func (w *work) listed(on *catalogpb.Record) bool {
	if w.campaigns == nil {
		w.campaigns = make(map[Ref]bool, len(w.Campaigns))
		for _, c := range w.Campaigns {
			w.campaigns[refOf(KindCampaign, c)] = true
		}
	}
	return w.campaigns[RefOf(on)]
}

func (w *work) refusal(id, allowed string, on *catalogpb.Record, c *candidate, holder *candidate) string {
	switch {
	case allowed != "" && c.object.GetNamespace() != allowed:
		return "campaign id \"" + id + "\" belongs to namespace \"" + allowed +
			"\": use another id, or ask for it in spec.idOwners of pipeline " + w.pipeline
	case holder != nil:
		return "campaign id \"" + id + "\" is taken by campaign " + holder.object.GetNamespace() + "/" +
			holder.object.GetName() + ": set spec.id to another id"
	case c.ok():
		return "campaign id \"" + id + "\" is held by campaign " + on.GetCampaign().GetNamespace() + "/" +
			on.GetCampaign().GetName() + ", which cannot be read: set spec.id to another id"
	}
	return "" // nobody holds it, because every candidate has mistakes of its own
}

// regrant returns the record of a campaign as far as its grants still stand: without the trackers
// that are gone, that no longer admit the namespace, or that no longer allow a host of it. nil means
// that no tracker is left.
func (w *work) regrant(on *catalogpb.Record) *catalogpb.Record {
	c := on.GetCampaign()
	hosts := hostsOf(c)
	var left []string
	for _, key := range c.GetTrackers() {
		if w.stillGranted(key, c.GetNamespace(), hosts) {
			left = append(left, key)
		}
	}
	switch len(left) {
	case 0:
		return nil
	case len(c.GetTrackers()):
		return on
	}
	record := on.CloneVT()
	record.GetCampaign().Trackers = left
	catalog.SetDigest(record)
	return record
}

func (w *work) stillGranted(key, namespace string, hosts []string) bool {
	f := w.fleets[key]
	if f == nil {
		return w.trackerUnknown(key)
	}
	if f.served == nil || !f.kept && !w.admits(f, namespace) {
		return false
	}
	return !slices.ContainsFunc(hosts, func(h string) bool { return !f.hosts.Match(h) })
}

// hostsOf returns the hosts of every destination of a campaign in the log.
func hostsOf(c *catalogpb.Campaign) []string {
	urls := []string{c.GetOfferPageUrl(), c.GetSafePageUrl(), c.GetOverflowUrl()}
	for _, p := range slices.Concat(c.GetLandingPages(), c.GetOffers()) {
		urls = append(urls, p.GetUrl())
	}
	var hosts []string
	for _, u := range urls {
		if t, err := catalog.ParseTemplate(u); err == nil {
			hosts = append(hosts, t.Host())
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
