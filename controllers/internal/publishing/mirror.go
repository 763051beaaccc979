package publishing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// mirror holds the very objects of the manager's cache, which are never changed, rather than copies of
// them: the compiler tells objects apart by their pointers, and remembers what it made of each.
type mirror struct {
	// changed is called after every change that a compilation depends on, with the campaign that was edited, or the empty
	// name for any other change. It must not block.
	changed func(edited types.NamespacedName)

	mu         sync.Mutex
	campaigns  shelf[*v1alpha1.Campaign]
	policies   shelf[*v1alpha1.FraudPolicy]
	pipelines  shelf[*v1alpha1.AggregationPipeline]
	schedules  shelf[*v1alpha1.BillingSchedule]
	sources    shelf[*v1alpha1.TrafficSource]
	trackers   shelf[*v1alpha1.Tracker]
	namespaces shelf[*metav1.PartialObjectMetadata]
}

// shelf are the objects of one kind. They are kept in order, in which compilations want them: to sort 10,000 campaigns
// takes longer than to compile the one that was edited.
type shelf[T client.Object] struct {
	byKey map[types.NamespacedName]T
	order []T // by namespace and name, nil while it is to be made again
}

// put returns the object that stood there before.
func (s *shelf[T]) put(key types.NamespacedName, object T) (before T, known bool) {
	before, known = s.byKey[key]
	if s.byKey == nil {
		s.byKey = map[types.NamespacedName]T{}
	}
	s.byKey[key] = object
	if !known {
		s.order = nil
	} else if at, found := slices.BinarySearchFunc(s.order, object, compile.InOrder[T]); found {
		s.order[at] = object
	}
	return before, known
}

func (s *shelf[T]) drop(key types.NamespacedName) {
	delete(s.byKey, key)
	s.order = nil
}

// list is a copy, in order.
func (s *shelf[T]) list() []T {
	if s.order == nil {
		s.order = slices.SortedFunc(maps.Values(s.byKey), compile.InOrder[T])
	}
	return slices.Clone(s.order)
}

func newMirror(changed func(types.NamespacedName)) *mirror { return &mirror{changed: changed} }

// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch,roleName=clicktally-operator-cluster

// fill follows the cache until ctx ends, and returns once everything is there that was listed. Namespaces,
// whose labels selectors look at, are followed only where the operator may read them.
func (m *mirror) fill(ctx context.Context, from cache.Cache, namespaces bool) (stop func(), err error) {
	follow := []func() (func(), toolscache.InformerSynced, error){
		func() (func(), toolscache.InformerSynced, error) {
			return followKind(ctx, m, from, &m.campaigns, &v1alpha1.Campaign{})
		},
		func() (func(), toolscache.InformerSynced, error) {
			return followKind(ctx, m, from, &m.policies, &v1alpha1.FraudPolicy{})
		},
		func() (func(), toolscache.InformerSynced, error) {
			return followKind(ctx, m, from, &m.pipelines, &v1alpha1.AggregationPipeline{})
		},
		func() (func(), toolscache.InformerSynced, error) {
			return followKind(ctx, m, from, &m.schedules, &v1alpha1.BillingSchedule{})
		},
		func() (func(), toolscache.InformerSynced, error) {
			return followKind(ctx, m, from, &m.sources, &v1alpha1.TrafficSource{})
		},
		func() (func(), toolscache.InformerSynced, error) {
			return followKind(ctx, m, from, &m.trackers, &v1alpha1.Tracker{})
		},
	}
	if namespaces {
		follow = append(follow, func() (func(), toolscache.InformerSynced, error) {
			metadata := &metav1.PartialObjectMetadata{}
			metadata.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
			return followKind(ctx, m, from, &m.namespaces, metadata)
		})
	}
	var stops []func()
	stop = func() {
		for _, one := range stops {
			one()
		}
	}
	var synced []toolscache.InformerSynced
	for _, begin := range follow {
		end, ready, err := begin()
		if err != nil {
			stop()
			return nil, err
		}
		stops, synced = append(stops, end), append(synced, ready)
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), synced...) {
		stop()
		return nil, errors.New("the cache was not filled before the end")
	}
	return stop, nil
}

// followKind keeps a shelf equal to the cache.
func followKind[T client.Object](ctx context.Context, m *mirror, from cache.Cache, on *shelf[T], example T) (stop func(), synced toolscache.InformerSynced, err error) {
	informer, err := from.GetInformer(ctx, example)
	if err != nil {
		return nil, nil, fmt.Errorf("watch %T: %w", example, err)
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { put(m, on, object) },
		UpdateFunc: func(_, object any) { put(m, on, object) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			drop(m, on, object)
		},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("watch %T: %w", example, err)
	}
	return func() { _ = informer.RemoveEventHandler(registration) }, registration.HasSynced, nil
}

// put takes in an object. One that differs in nothing that is compiled, such as in its status, is taken in
// quietly: the next pass will see it.
func put[T client.Object](m *mirror, on *shelf[T], object any) {
	one, ok := object.(T)
	if !ok {
		return
	}
	key := client.ObjectKeyFromObject(one)
	m.mu.Lock()
	before, known := on.put(key, one)
	m.mu.Unlock()
	_, campaign := object.(*v1alpha1.Campaign)
	switch {
	case known && !differs(before, one):
	case known && campaign:
		m.changed(key)
	default:
		m.changed(types.NamespacedName{})
	}
}

func differs(a, b client.Object) bool {
	return a.GetGeneration() != b.GetGeneration() || a.GetUID() != b.GetUID() || !maps.Equal(a.GetLabels(), b.GetLabels())
}

func drop[T client.Object](m *mirror, on *shelf[T], object any) {
	one, ok := object.(T)
	if !ok {
		return
	}
	m.mu.Lock()
	on.drop(client.ObjectKeyFromObject(one))
	m.mu.Unlock()
	m.changed(types.NamespacedName{})
}

// objects are what a compilation needs, of all pipelines.
func (m *mirror) objects() compile.Objects {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := compile.Objects{
		Campaigns: m.campaigns.list(), Policies: m.policies.list(), Pipelines: m.pipelines.list(),
		Schedules: m.schedules.list(), Sources: m.sources.list(), Trackers: m.trackers.list(),
		Namespaces: make(map[string]map[string]string, len(m.namespaces.byKey)),
	}
	for key, namespace := range m.namespaces.byKey {
		o.Namespaces[key.Name] = namespace.GetLabels()
	}
	return o
}

// campaignsOf returns those of names that are there.
func (m *mirror) campaignsOf(names []types.NamespacedName) []*v1alpha1.Campaign {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []*v1alpha1.Campaign
	for _, name := range names {
		if campaign := m.campaigns.byKey[name]; campaign != nil {
			list = append(list, campaign)
		}
	}
	return list
}

// pipeline returns one pipeline, nil when it is not there.
func (m *mirror) pipeline(key types.NamespacedName) *v1alpha1.AggregationPipeline {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pipelines.byKey[key]
}

// pipelineKeys are those that exist.
func (m *mirror) pipelineKeys() []types.NamespacedName {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.pipelines.byKey))
}
