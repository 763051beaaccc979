package publishing

import (
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Standing is what became of an object in the catalog of one pipeline.
type Standing struct {
	compile.Outcome

	// Offset of the record in the log, -1 while it is not there: there is none, or it could not be published.
	Offset int64
}

// equal reports whether two standings say the same.
func (s *Standing) equal(other *Standing) bool {
	return s.Generation == other.Generation && s.Key == other.Key && s.Record == other.Record && s.Kept == other.Kept &&
		s.Offset == other.Offset && slices.Equal(s.Problems, other.Problems)
}

// standings are those of all objects of a pipeline, in the order of compile.Result.
type standings []Standing

func (s standings) find(ref compile.Ref) *Standing {
	at, found := slices.BinarySearchFunc(s, ref, func(one Standing, ref compile.Ref) int { return compile.CompareRefs(one.Ref, ref) })
	if !found {
		return nil
	}
	return &s[at]
}

// changed are the objects that stand differently in next, or in only one of both.
func (s standings) changed(next standings) []compile.Ref {
	var refs []compile.Ref
	for len(s) > 0 || len(next) > 0 {
		order := 0
		switch {
		case len(s) == 0:
			order = 1
		case len(next) == 0:
			order = -1
		default:
			order = compile.CompareRefs(s[0].Ref, next[0].Ref)
		}
		switch {
		case order < 0:
			refs, s = append(refs, s[0].Ref), s[1:]
		case order > 0:
			refs, next = append(refs, next[0].Ref), next[1:]
		default:
			if !s[0].equal(&next[0]) {
				refs = append(refs, s[0].Ref)
			}
			s, next = s[1:], next[1:]
		}
	}
	return refs
}

// neighbours are the traffic sources whose campaigns, and the schedules whose pipeline, are among refs.
func (s standings) neighbours(refs []compile.Ref) []compile.Ref {
	campaigns, pipelines := map[string]bool{}, map[string]bool{}
	for _, ref := range refs {
		switch ref.Kind {
		case compile.KindCampaign:
			campaigns[ref.Namespace] = true
		case compile.KindPipeline:
			pipelines[ref.Namespace] = true
		}
	}
	if len(campaigns)+len(pipelines) == 0 {
		return nil
	}
	var found []compile.Ref
	for i := range s {
		if s[i].Kind == compile.KindTrafficSource && campaigns[s[i].Namespace] || s[i].Kind == compile.KindSchedule && pipelines[s[i].Namespace] {
			found = append(found, s[i].Ref)
		}
	}
	return found
}

// of are the standings of a compilation. lookup is what the log holds under a key now. A record that is not
// the one in the log was not published.
func of(outcomes []compile.Outcome, lookup func(key string) (*catalogpb.Record, int64)) standings {
	list := make(standings, len(outcomes))
	for i := range outcomes {
		o := &outcomes[i]
		list[i] = Standing{Outcome: *o, Offset: -1}
		if o.Record == nil {
			continue
		}
		if on, offset := lookup(o.Key); same(on, o.Record) {
			list[i].Offset = offset
		}
	}
	return list
}

func same(a, b *catalogpb.Record) bool {
	return a == b || a != nil && a.GetGeneration() == b.GetGeneration() && a.GetUid() == b.GetUid() && slices.Equal(a.GetDigest(), b.GetDigest())
}

// lastGeneration is the set of event partitions that was announced last, nil when none is.
func lastGeneration(records []*catalogpb.Record) *catalogpb.Generation {
	var last *catalogpb.Generation
	for _, record := range records {
		if g := record.GetGenerationRecord(); g != nil && (last == nil || g.GetNumber() > last.GetNumber()) {
			last = g
		}
	}
	return last
}

// trackersOf are the catalog's trackers, by namespace/name.
func trackersOf(records []*catalogpb.Record) map[string]*catalogpb.Tracker {
	trackers := map[string]*catalogpb.Tracker{}
	for _, record := range records {
		if t := record.GetTracker(); t != nil {
			trackers[strings.TrimPrefix(catalog.KeyOf(record), catalog.TrackerPrefix)] = t
		}
	}
	return trackers
}
