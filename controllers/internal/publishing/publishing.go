// Package publishing turns the custom resources of a cluster into the catalogs of its pipelines (design 5):
// one publisher per AggregationPipeline, on the leading operator only. It knows what became of every object,
// and which trackers serve it; the controllers of the kinds ask it, and write that into status.
//
// Data travels one way: the manager's cache -> mirror -> publisher (compile, prove, publish) -> state ->
// Views -> status. What a reconciler must look at again is put into its queue: Source.
package publishing

import (
	"context"
	"errors"
	"sync"

	"github.com/go-logr/logr"
	"github.com/twmb/franz-go/pkg/kgo"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// ErrSuspended says that a pipeline's spec.suspend keeps its catalog as it is.
var ErrSuspended = errors.New("the pipeline is suspended")

// Config says what to publish from and to. All fields are required unless stated otherwise.
type Config struct {
	// Cache holds the objects.
	Cache cache.Cache
	// Live reads from the API server itself: what proves that an object is gone.
	Live client.Reader
	// Installation identifies the cluster, or the installation where the operator may not see the cluster's
	// identity. With the pipeline's UID it is the owner of a catalog.
	Installation string
	// Namespaces says that the labels of namespaces may be read.
	Namespaces bool
	// Kafka gives the options that reach a pipeline's brokers.
	Kafka func(context.Context, *v1alpha1.AggregationPipeline) ([]kgo.Opt, error)
	Log   logr.Logger
}

// Publishing runs the publishers. Its methods are safe for concurrent use.
type Publishing struct {
	config Config
	mirror *mirror
	news   bell // objects have changed
	queues queues

	mu      sync.RWMutex
	filled  bool
	states  map[types.NamespacedName]state // by pipeline; the empty key is where no pipeline is
	inboxes map[types.NamespacedName]*inbox
	waiting map[compile.Ref]bool // asked about while not served everywhere
}

// New makes publishers that run once the manager starts them.
func New(config Config) *Publishing {
	p := &Publishing{
		config: config, news: make(bell, 1), states: map[types.NamespacedName]state{},
		inboxes: map[types.NamespacedName]*inbox{}, waiting: map[compile.Ref]bool{},
	}
	p.mirror = newMirror(p.changed)
	return p
}

// NeedLeaderElection is true: a catalog has one writer.
func (p *Publishing) NeedLeaderElection() bool { return true }

// Start runs until ctx ends. It returns an error when the cache cannot be watched.
func (p *Publishing) Start(ctx context.Context) error {
	stop, err := p.mirror.fill(ctx, p.config.Cache, p.config.Namespaces)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer stop()
	p.mu.Lock()
	p.filled = true
	p.mu.Unlock()

	running := map[types.NamespacedName]context.CancelFunc{}
	var owned sync.WaitGroup
	defer owned.Wait()
	for ctx.Err() == nil {
		p.run(ctx, running, &owned)
		select {
		case <-ctx.Done():
		case <-p.news:
		}
	}
	return nil
}

// run starts and ends publishers so that every pipeline has one, and judges the objects of none.
func (p *Publishing) run(ctx context.Context, running map[types.NamespacedName]context.CancelFunc, owned *sync.WaitGroup) {
	exists := map[types.NamespacedName]bool{}
	for _, key := range p.mirror.pipelineKeys() {
		exists[key] = true
		if running[key] != nil {
			continue
		}
		log := p.config.Log.WithValues("pipeline", key.String())
		one := &publisher{
			config: &p.config, key: key, mirror: p.mirror, inbox: newInbox(), report: p.report, beat: p.wake, log: log,
			prover: &prover{live: p.config.Live, log: log},
		}
		publishing, end := context.WithCancel(ctx)
		running[key] = end
		p.mu.Lock()
		p.inboxes[key] = one.inbox
		p.mu.Unlock()
		owned.Go(func() { one.run(publishing) })
	}
	for key, end := range running {
		if !exists[key] {
			end()
			delete(running, key)
			p.forget(key)
		}
	}
	p.judgeWithout(len(exists) == 0)
}

// judgeWithout compiles the objects of a cluster without any pipeline, so that they are told what is missing.
func (p *Publishing) judgeWithout(none bool) {
	if !none {
		p.forget(types.NamespacedName{})
		return
	}
	objects := p.mirror.objects()
	objects.Namespaced = !p.config.Namespaces
	result := compile.Compile(objects)
	p.report(state{judged: true, standings: of(result.Outcomes, nowhere), offset: -1})
}

// changed is called by the mirror.
func (p *Publishing) changed(edited types.NamespacedName) {
	p.news.ring()
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, b := range p.inboxes {
		b.put(edited)
	}
}

// report takes in what a pass left behind and wakes whom it concerns.
func (p *Publishing) report(next state) {
	p.mu.Lock()
	before := p.states[next.pipeline]
	p.states[next.pipeline] = next
	p.mu.Unlock()
	changed := before.standings.changed(next.standings)
	changed = append(changed, p.linked(before, next)...)
	changed = append(changed, next.judgedBy(changed)...)
	changed = append(changed, next.standings.neighbours(changed)...)
	p.queues.addLater(changed, followAfter)
	other, counts := reached(before.reach, next.reach, changed)
	p.queues.add(other)
	p.queues.addLater(counts, countsAfter)
	if next.offset > before.offset {
		p.queues.addLater(next.fleetRefs(), behindAfter)
	}
	p.queues.add([]compile.Ref{{Kind: compile.KindPipeline, Namespace: next.pipeline.Namespace, Name: next.pipeline.Name}})
	if before.judged != next.judged || (before.err == nil) != (next.err == nil) {
		p.wake()
	}
}

func (p *Publishing) forget(key types.NamespacedName) {
	p.mu.Lock()
	gone, known := p.states[key]
	delete(p.states, key)
	delete(p.inboxes, key)
	p.mu.Unlock()
	if known {
		p.queues.add(gone.standings.changed(nil))
	}
}

// wake makes reconcilers look again at what was not served everywhere when they looked last.
func (p *Publishing) wake() {
	p.mu.Lock()
	refs := make([]compile.Ref, 0, len(p.waiting))
	for ref := range p.waiting {
		refs = append(refs, ref)
	}
	clear(p.waiting)
	p.mu.Unlock()
	p.queues.addLater(refs, followAfter)
}
