package catalog

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Changes returns the records the catalog holds, sorted by key, with the offsets they came with. New
// makes an equal catalog of them, rejections aside.
func (c *Catalog) Changes() []Change {
	all := make([]Change, 0, len(c.campaigns)+len(c.released)+len(c.policies)+len(c.sources)+len(c.trackers)+len(c.generations)+1)
	all = collect(all, "campaign/", c.campaigns)
	all = collect(all, "campaign/", c.released)
	all = collect(all, "policy/", c.policies)
	all = collect(all, "source/", c.sources)
	all = collect(all, "tracker/", c.trackers)
	for _, g := range c.generations {
		all = append(all, g.change(GenerationKey(g.GetNumber())))
	}
	if c.pipeline != nil {
		all = append(all, c.pipeline.change(PipelineKey))
	}
	slices.SortFunc(all, func(a, b Change) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// Records yields every record by its key, in no order.
func (c *Catalog) Records() iter.Seq2[string, *catalogpb.Record] {
	return func(yield func(string, *catalogpb.Record) bool) {
		for _, ch := range c.Changes() {
			if !yield(ch.Key, ch.Record) {
				return
			}
		}
	}
}

func (m meta) change(key string) Change { return Change{Key: key, Record: m.record, Offset: m.offset} }

func collect[V interface{ change(string) Change }](all []Change, prefix string, m map[string]V) []Change {
	for id := range maps.Keys(m) {
		all = append(all, m[id].change(prefix+id))
	}
	return all
}
