package publishing

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Reach is how far a tracker's work goes: what it serves, and whose.
type Reach struct {
	// Campaigns is how many campaigns of the catalog it serves.
	Campaigns int32
	// Namespaces of those campaigns, sorted: traffic sources of these may call.
	Namespaces []string
}

// Reach of a tracker by namespace/name; the zero Reach when no catalog has it.
func (p *Publishing) Reach(tracker string) Reach {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, s := range p.states {
		if r, ok := s.reach[tracker]; ok {
			return r
		}
	}
	return Reach{}
}

// TrackersIn are the trackers that serve a campaign of the namespace, sorted.
func (p *Publishing) TrackersIn(namespace string) []types.NamespacedName {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var list []types.NamespacedName
	for _, s := range p.states {
		for key, r := range s.reach {
			if _, found := slices.BinarySearch(r.Namespaces, namespace); found {
				list = append(list, keyOf(key))
			}
		}
	}
	slices.SortFunc(list, func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// reachOf sums up the campaigns of each tracker. One that is not in the log yet counts for its namespace alone.
func reachOf(all standings) map[string]Reach {
	found, namespaces := map[string]Reach{}, map[string]map[string]bool{}
	for i := range all {
		s := &all[i]
		if s.Kind != compile.KindCampaign {
			continue
		}
		for _, key := range s.Record.GetCampaign().GetTrackers() {
			r := found[key]
			if s.Offset >= 0 {
				r.Campaigns++
			}
			found[key] = r
			if namespaces[key] == nil {
				namespaces[key] = map[string]bool{}
			}
			namespaces[key][s.Namespace] = true
		}
	}
	for key, r := range found {
		r.Namespaces = slices.Sorted(maps.Keys(namespaces[key]))
		found[key] = r
	}
	return found
}

// reached are the trackers that serve other namespaces than before, or a namespace whose sources changed, and
// those that serve only another number of campaigns.
func reached(before, next map[string]Reach, changed []compile.Ref) (other, counts []compile.Ref) {
	sources := map[string]bool{}
	for _, ref := range changed {
		if ref.Kind == compile.KindTrafficSource {
			sources[ref.Namespace] = true
		}
	}
	keys := map[string]bool{}
	for key := range before {
		keys[key] = true
	}
	for key := range next {
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		was, is, name := before[key], next[key], keyOf(key)
		ref := compile.Ref{Kind: compile.KindTracker, Namespace: name.Namespace, Name: name.Name}
		switch {
		case !slices.Equal(was.Namespaces, is.Namespaces),
			slices.ContainsFunc(is.Namespaces, func(namespace string) bool { return sources[namespace] }):
			other = append(other, ref)
		case was.Campaigns != is.Campaigns:
			counts = append(counts, ref)
		}
	}
	return other, counts
}

// keyOf is the name that namespace/name stands for.
func keyOf(text string) types.NamespacedName {
	namespace, name, _ := strings.Cut(text, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// Source is a traffic source of a catalog that proves itself by a token.
type Source struct {
	Namespace, Name string
	// Secret of the source's namespace that holds the token.
	Secret string
}

// Sources are those that a tracker takes calls of, by namespace and name.
func (p *Publishing) Sources(tracker string) []Source {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var list []Source
	for _, s := range p.states {
		for _, namespace := range s.reach[tracker].Namespaces {
			list = append(list, s.standings.sources(namespace)...)
		}
	}
	return list
}

// SecretUsed reports whether a traffic source of a catalog has its token in this Secret.
func (p *Publishing) SecretUsed(secret types.NamespacedName) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, s := range p.states {
		if slices.ContainsFunc(s.standings.sources(secret.Namespace), func(one Source) bool { return one.Secret == secret.Name }) {
			return true
		}
	}
	return false
}

// sources are the traffic sources of one namespace that have a token.
func (s standings) sources(namespace string) []Source {
	var list []Source
	for _, one := range s.ofKind(compile.KindTrafficSource, namespace) {
		if secret := one.Record.GetSource().GetAuthSecret(); secret != "" {
			list = append(list, Source{Namespace: namespace, Name: one.Name, Secret: secret})
		}
	}
	return list
}

// ofKind are the objects of one kind in one namespace.
func (s standings) ofKind(kind, namespace string) standings {
	first := compile.Ref{Kind: kind, Namespace: namespace}
	at, _ := slices.BinarySearchFunc(s, first, func(one Standing, ref compile.Ref) int { return compile.CompareRefs(one.Ref, ref) })
	end := at
	for end < len(s) && s[end].Kind == kind && s[end].Namespace == namespace {
		end++
	}
	return s[at:end]
}
