package publishing

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// queues are those of the controllers, by kind. Adding to one never blocks, and twice is once.
type queues struct {
	mu     sync.Mutex
	byKind map[string]queue
}

func (q *queues) add(refs []compile.Ref) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, ref := range refs {
		if to := q.byKind[ref.Kind]; to != nil {
			to.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}})
		}
	}
}

// followAfter is how much later objects are looked at that stand differently, or whose trackers have moved on: by then
// most fleets have followed, and one status tells of all of it.
const followAfter = 100 * time.Millisecond

// countsAfter is how much later a tracker is looked at of which only the number of campaigns has changed: a
// batch of new campaigns is one look.
const countsAfter = time.Second

// behindAfter is when trackers are looked at that may not have followed what was published.
const behindAfter = 10 * time.Second

// fleetRefs are the trackers of the catalog.
func (s *state) fleetRefs() []compile.Ref {
	refs := make([]compile.Ref, 0, len(s.trackers))
	for key := range s.trackers {
		name := keyOf(key)
		refs = append(refs, compile.Ref{Kind: compile.KindTracker, Namespace: name.Namespace, Name: name.Name})
	}
	return refs
}

// addLater adds after a while.
func (q *queues) addLater(refs []compile.Ref, after time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, ref := range refs {
		if to := q.byKind[ref.Kind]; to != nil {
			to.AddAfter(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}}, after)
		}
	}
}

// Source puts the objects of a kind (compile.Kind...) into their controller's queue when they stand
// differently than before. One controller per kind has it. For KindPipeline that is after every pass.
func (p *Publishing) Source(kind string) source.Source {
	return source.Func(func(_ context.Context, to queue) error {
		p.queues.mu.Lock()
		defer p.queues.mu.Unlock()
		if p.queues.byKind == nil {
			p.queues.byKind = map[string]queue{}
		}
		p.queues.byKind[kind] = to
		return nil
	})
}

// linked are the campaigns, policies and sources that stand as before, but whose trackers have another domain
// or other users.
func (p *Publishing) linked(before, next state) []compile.Ref {
	touched := map[string]bool{}
	for _, both := range [][2]map[string]*catalogpb.Tracker{{before.trackers, next.trackers}, {next.trackers, before.trackers}} {
		for key, t := range both[0] {
			other := both[1][key]
			if other == nil || other.GetPolicy() != t.GetPolicy() || !slices.Equal(other.GetDomains(), t.GetDomains()) {
				touched[key] = true
			}
		}
	}
	if len(touched) == 0 {
		return nil
	}
	var refs []compile.Ref
	for i := range next.standings {
		s := &next.standings[i]
		switch s.Kind {
		case compile.KindCampaign:
			if slices.ContainsFunc(s.Record.GetCampaign().GetTrackers(), func(key string) bool { return touched[key] }) {
				refs = append(refs, s.Ref)
			}
		case compile.KindFraudPolicy, compile.KindTrafficSource:
			refs = append(refs, s.Ref)
		}
	}
	slices.SortFunc(refs, func(a, b compile.Ref) int { return strings.Compare(a.String(), b.String()) })
	return refs
}

func nowhere(string) (*catalogpb.Record, int64) { return nil, -1 }
