package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// With returns the catalog after changes, applied in their order; c stays as it is. The result is
// the one New would build from all changes at once. Only the maps that a change touches are copied.
func (c *Catalog) With(changes []Change) *Catalog {
	b := builder{next: *c}
	for i := range changes {
		b.apply(&changes[i])
	}
	return &b.next
}

// builder owns a copy of each map it has written to.
type builder struct {
	next  Catalog
	owned uint8
}

const (
	ownCampaigns = 1 << iota
	ownReleased
	ownPolicies
	ownSources
	ownTrackers
	ownGenerations
	ownRejected
)

func (b *builder) apply(ch *Change) {
	b.next.offset = max(b.next.offset, ch.Offset)
	err := ch.Err
	if err == nil {
		err = b.set(ch)
	}
	switch _, was := b.next.rejected[ch.Key]; {
	case err != nil:
		own(b, &b.next.rejected, ownRejected)[ch.Key] = Rejection{ch.Key, ch.Offset, err.Error()}
	case was:
		delete(own(b, &b.next.rejected, ownRejected), ch.Key)
	}
}

// set stores a record under its key or, for a tombstone, removes what is there. On error nothing
// has changed.
func (b *builder) set(ch *Change) error {
	if ch.Record != nil && KeyOf(ch.Record) != ch.Key {
		return fmt.Errorf("record belongs under key %q", KeyOf(ch.Record))
	}
	kind, id, _ := strings.Cut(ch.Key, "/")
	switch kind {
	case "campaign":
		return b.setCampaign(ch, id)
	case "policy":
		return put(b, &b.next.policies, ownPolicies, id, ch, loadPolicy)
	case "source":
		return put(b, &b.next.sources, ownSources, id, ch, loadSource)
	case "tracker":
		return put(b, &b.next.trackers, ownTrackers, id, ch, loadTracker)
	case "generation":
		return b.setGeneration(ch, id)
	case PipelineKey:
		b.next.pipeline = nil
		if ch.Record != nil {
			b.next.pipeline = &pipeline{ch.Record.GetPipeline(), meta{ch.Record, ch.Offset}}
		}
		return nil
	}
	return errors.New("key is of no known kind")
}

// setCampaign keeps a campaign and the released form of the same id apart: one replaces the other.
func (b *builder) setCampaign(ch *Change, id string) error {
	if ch.Record.GetReleased() != nil {
		drop(b, &b.next.campaigns, ownCampaigns, id)
		own(b, &b.next.released, ownReleased)[id] = &releasedID{ch.Record.GetReleased(), meta{ch.Record, ch.Offset}}
		return nil
	}
	if err := put(b, &b.next.campaigns, ownCampaigns, id, ch, loadCampaign); err != nil {
		return err
	}
	drop(b, &b.next.released, ownReleased, id)
	return nil
}

func (b *builder) setGeneration(ch *Change, id string) error {
	number, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return fmt.Errorf("generation number: %w", err)
	}
	if g := ch.Record.GetGenerationRecord(); g != nil && (g.GetPartitions() == 0 || g.GetTopic() == "") {
		return errors.New("generation has no topic or no partitions")
	}
	if b.owned&ownGenerations == 0 {
		b.next.generations = slices.Clone(b.next.generations)
		b.owned |= ownGenerations
	}
	at, found := slices.BinarySearchFunc(b.next.generations, uint32(number),
		func(g *generation, n uint32) int { return cmp.Compare(g.GetNumber(), n) })
	if found {
		b.next.generations = slices.Delete(b.next.generations, at, at+1)
	}
	if ch.Record != nil {
		b.next.generations = slices.Insert(b.next.generations, at,
			&generation{ch.Record.GetGenerationRecord(), meta{ch.Record, ch.Offset}})
	}
	return nil
}

// put loads a record into a map, or removes the key for a tombstone.
func put[V any](b *builder, m *map[string]V, bit uint8, id string, ch *Change,
	load func(*catalogpb.Record, int64) (V, error),
) error {
	if ch.Record == nil {
		drop(b, m, bit, id)
		return nil
	}
	v, err := load(ch.Record, ch.Offset)
	if err != nil {
		return err
	}
	own(b, m, bit)[id] = v
	return nil
}

func drop[V any](b *builder, m *map[string]V, bit uint8, id string) {
	if _, ok := (*m)[id]; ok {
		delete(own(b, m, bit), id)
	}
}

// own returns the map for writing, copied once per builder.
func own[V any](b *builder, m *map[string]V, bit uint8) map[string]V {
	if b.owned&bit == 0 {
		b.owned |= bit
		if *m = maps.Clone(*m); *m == nil {
			*m = map[string]V{}
		}
	}
	return *m
}
