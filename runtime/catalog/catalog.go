// Package catalog is the compiled configuration as its readers see it: an immutable, indexed view of
// the compacted topic <prefix>.catalog (design 5). It is the only bridge between the control plane
// and the data plane and links no Kubernetes package.
//
// Keys are in keys.go, one committed record is a Change, New and With turn changes into a Catalog.
// Compiling, publishing and following are the packages below this one.
package catalog

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Catalog is one state of the configuration. It never changes; With makes the next one.
type Catalog struct {
	offset      int64
	campaigns   map[string]*Campaign
	released    map[string]*releasedID
	policies    map[string]*Policy
	sources     map[string]*Source
	trackers    map[string]*Tracker
	generations []*generation // sorted by number
	pipeline    *pipeline
	rejected    map[string]Rejection
}

// Rejection is a record that was kept out: the one before it, if any, still serves.
type Rejection struct {
	Key    string
	Offset int64
	Reason string
}

type releasedID struct {
	*catalogpb.Released
	meta
}

type generation struct {
	*catalogpb.Generation
	meta
}

type pipeline struct {
	*catalogpb.Pipeline
	meta
}

// New builds a catalog from the changes of a log, in the order of the log.
func New(changes []Change) *Catalog {
	return (&Catalog{offset: -1}).With(changes)
}

// Offset returns the offset of the newest record that was looked at, rejected ones included; -1
// before the first.
func (c *Catalog) Offset() int64 { return c.offset }

// Campaign returns the campaign with that cid, nil when it is unknown or its id is released.
func (c *Catalog) Campaign(id string) *Campaign { return c.campaigns[id] }

// CampaignOn returns the campaign with that cid if the tracker named namespace/name serves it, else nil.
func (c *Catalog) CampaignOn(tracker, id string) *Campaign {
	if found := c.campaigns[id]; found != nil && found.On(tracker) {
		return found
	}
	return nil
}

// Campaigns yields every campaign, in no order.
func (c *Catalog) Campaigns() iter.Seq[*Campaign] { return maps.Values(c.campaigns) }

// Released returns the namespace that holds the id of a deleted campaign.
func (c *Catalog) Released(id string) (namespace string, ok bool) {
	r, ok := c.released[id]
	if !ok {
		return "", false
	}
	return r.GetNamespace(), true
}

// Policy returns the policy named namespace/name, nil when it is unknown.
func (c *Catalog) Policy(key string) *Policy { return c.policies[key] }

// Policies yields every policy, in no order.
func (c *Catalog) Policies() iter.Seq[*Policy] { return maps.Values(c.policies) }

// Source returns the traffic source with that ts_id in a campaign's namespace, nil when unknown.
func (c *Catalog) Source(namespace, id string) *Source { return c.sources[namespace+"/"+id] }

// SourceOf returns the traffic source that a link of the campaign names by its ts_id, nil when unknown;
// campaign may be nil.
func (c *Catalog) SourceOf(campaign *Campaign, id string) *Source {
	if campaign == nil {
		return nil
	}
	return c.Source(campaign.GetNamespace(), id)
}

// Sources yields every traffic source, in no order.
func (c *Catalog) Sources() iter.Seq[*Source] { return maps.Values(c.sources) }

// Tracker returns the fleet named namespace/name, nil when it is unknown.
func (c *Catalog) Tracker(key string) *Tracker { return c.trackers[key] }

// Trackers yields every fleet, in no order.
func (c *Catalog) Trackers() iter.Seq[*Tracker] { return maps.Values(c.trackers) }

// Pipeline returns the pipeline record, nil before the first.
func (c *Catalog) Pipeline() *catalogpb.Pipeline {
	if c.pipeline == nil {
		return nil
	}
	return c.pipeline.Pipeline
}

// Generations returns the sets of event partitions, sorted by number.
func (c *Catalog) Generations() Generations {
	list := make(Generations, len(c.generations))
	for i, g := range c.generations {
		list[i] = g.Generation
	}
	return list
}

// GenerationAt returns the set that events of the time ms, since the epoch, belong to: the highest
// number that had started by then; the first set takes earlier times. nil when there is none.
func (c *Catalog) GenerationAt(ms int64) *catalogpb.Generation {
	for _, g := range slices.Backward(c.generations) {
		if g.GetStartMs() <= ms {
			return g.Generation
		}
	}
	if len(c.generations) > 0 {
		return c.generations[0].Generation
	}
	return nil
}

// Rejected returns what was kept out and not yet replaced by a good record, sorted by key.
func (c *Catalog) Rejected() []Rejection {
	return slices.SortedFunc(maps.Values(c.rejected), func(a, b Rejection) int {
		return strings.Compare(a.Key, b.Key)
	})
}
