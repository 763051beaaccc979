package publishing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/twmb/franz-go/pkg/kgo"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/announce"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/cycle"
	"github.com/clicktally/clicktally/runtime/catalog/heartbeats"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

const (
	// quiet is how long no edit must have come until a batch is published, and gather how long a batch
	// waits for that at most: edits that come together are one transaction.
	quiet  = 4 * time.Millisecond
	gather = 40 * time.Millisecond
	// calm is how long no edit must have come until a pass is made of everything that edits of single campaigns, which
	// are published ahead of it, leave to do; calmAfter is how long it waits for that at most.
	calm      = 50 * time.Millisecond
	calmAfter = 250 * time.Millisecond
	// rescan is how often a pass is made without an edit, to see whether a topic was replaced.
	rescan = 30 * time.Second
	// firstRetry and lastRetry bound the time to the next pass after a failure.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
	// fencedRetry is how long a publisher that was fenced waits: who fenced it is the leader now, and this
	// process is about to find out.
	fencedRetry = 15 * time.Second
	// passTimeout bounds one pass: Kafka may be away, and its client would wait long. A first pass, and one
	// after a failure, may have everything to write; what users wait for is told sooner.
	passTimeout = 10 * time.Second
	longTimeout = 30 * time.Second
	// Defaults of spec.kafka.
	defaultPartitions  = 24
	defaultReplication = 3
)

// publisher keeps the catalog of one pipeline equal to the objects. Its fields belong to run.
type publisher struct {
	config *Config
	key    types.NamespacedName
	mirror *mirror
	inbox  *inbox
	report func(state) // is told of every pass
	beat   func()      // is told when fleets have moved
	log    logr.Logger

	opened    *v1alpha1.AggregationPipeline // the pipeline whose log is open
	cycle     *cycle.Cycle                  // nil until opened
	announcer *announce.Announcer
	follower  *heartbeats.Follower
	stop      func() // ends the follower
	prover    *prover
	failures  int
	looked    time.Time   // when the topics were looked at last
	waits     atomic.Bool // more partitions wait until the newest event is known
}

// state is what a pass left behind. Nothing in it is changed afterwards.
type state struct {
	pipeline  types.NamespacedName
	judged    bool // the log was read and the objects compiled, at least once
	err       error
	standings standings
	reach     map[string]Reach              // by tracker, namespace/name
	trackers  map[string]*catalogpb.Tracker // of the catalog, by namespace/name
	offset    int64                         // of the last record that this publisher wrote, -1 before
	follower  *heartbeats.Follower          // nil until the log is open
	last      *catalogpb.Generation         // of the catalog's generations of events, nil before the first
	waits     bool                          // more partitions wait until the newest event is known
}

// run makes passes until ctx ends: one at once, one after every edit, and one now and then.
func (p *publisher) run(ctx context.Context) {
	defer p.close()
	last := state{pipeline: p.key, offset: -1}
	var broke error // what kept an edit from being published ahead of the pass
	for ctx.Err() == nil {
		wait := p.step(ctx, &last, broke)
		broke = nil
		bell := p.inbox.bell
		if last.err != nil && !errors.Is(last.err, ErrSuspended) {
			bell = nil // an edit is no reason to try earlier, least of all to fence who has fenced us
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-bell:
			p.gather(ctx)
			if last.err == nil && last.judged {
				broke = p.revise(ctx, &last)
			}
		}
		timer.Stop()
	}
}

// gather waits until edits have stopped coming for a moment, but not for long.
func (p *publisher) gather(ctx context.Context) {
	most := time.NewTimer(gather)
	defer most.Stop()
	for {
		pause := time.NewTimer(quiet)
		select {
		case <-p.inbox.bell:
			pause.Stop()
			continue
		case <-pause.C:
		case <-most.C:
		case <-ctx.Done():
		}
		pause.Stop()
		return
	}
}

// revise publishes edits of single campaigns as they come: a visitor need not wait for a look at all the others. It ends
// when the next pass is due, or with the error that the next step has to deal with.
func (p *publisher) revise(ctx context.Context, last *state) error {
	for began := time.Now(); time.Since(began) < calmAfter; {
		names, more := p.inbox.take()
		edited := p.mirror.campaignsOf(names)
		if more || len(edited) < len(names) {
			return nil
		}
		publishing, cancel := context.WithTimeout(ctx, passTimeout)
		pass, done, err := p.cycle.Revise(publishing, edited)
		cancel()
		if !done {
			return err
		}
		last.offset = max(last.offset, pass.Offset)
		p.log.V(1).Info("published ahead", "records", len(pass.Changed), "offset", pass.Offset)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(calm):
			return nil
		case <-p.inbox.bell:
			p.gather(ctx)
		}
	}
	return nil
}

// step makes one pass, unless publishing ahead of it broke, tells of it, and says when to look again.
func (p *publisher) step(ctx context.Context, last *state, broke error) time.Duration {
	timeout := passTimeout
	if !last.judged || last.err != nil {
		timeout = longTimeout
	}
	passing, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := broke
	if err == nil {
		err = p.pass(passing, last)
	}
	if ctx.Err() != nil {
		return 0
	}
	if err != nil && (last.err == nil || last.err.Error() != err.Error()) {
		p.log.Error(err, "the catalog is not published")
	} else if err == nil && last.err != nil {
		p.log.Info("the catalog is published again")
	}
	last.err, last.follower = err, p.follower
	p.report(*last)
	switch {
	case err == nil:
		p.failures = 0
		if p.prover.more {
			return 0
		}
		return rescan
	case errors.Is(err, publish.ErrFenced):
		if repaired, _ := p.cycle.Repaired(passing); repaired {
			return firstRetry
		}
		return fencedRetry
	}
	p.failures++
	return min(lastRetry, firstRetry<<min(p.failures-1, 10))
}

// pass judges all objects, and publishes what differs.
func (p *publisher) pass(ctx context.Context, last *state) error {
	pipeline := p.mirror.pipeline(p.key)
	if pipeline == nil {
		return nil // about to be ended
	}
	if pipeline.Spec.Suspend == v1alpha1.SuspendReconciliation {
		return ErrSuspended
	}
	if err := p.open(ctx, pipeline); err != nil {
		return err
	}
	p.inbox.take() // it is all among the objects
	objects := p.mirror.objects()
	objects.Namespaced = !p.config.Namespaces
	objects.Pipeline = p.key.String()
	p.waits.Store(false)
	pass, err := p.cycle.Run(ctx, objects)
	if !pass.Judged {
		return err
	}
	last.judged = true
	last.standings = of(pass.Result.Outcomes, p.cycle.Record)
	last.reach = reachOf(last.standings)
	last.trackers = trackersOf(pass.Result.Records)
	last.last, last.waits = lastGeneration(pass.Result.Records), p.waits.Load()
	last.offset = max(last.offset, pass.Offset)
	if len(pass.Changed) > 0 {
		p.log.V(1).Info("published", "records", len(pass.Changed), "offset", pass.Offset)
	}
	return err
}

// open reaches the pipeline's Kafka, again when what the pipeline says of it has changed.
func (p *publisher) open(ctx context.Context, pipeline *v1alpha1.AggregationPipeline) error {
	if p.cycle != nil && p.opened.UID == pipeline.UID && equality.Semantic.DeepEqual(connection(p.opened), connection(pipeline)) {
		return nil
	}
	p.close()
	options, err := p.config.Kafka(ctx, pipeline)
	if err != nil {
		return err
	}
	names := topics.Names{Prefix: pipeline.Spec.Kafka.TopicPrefix}
	p.cycle = cycle.New(cycle.Config{
		Publish: publish.Config{
			Options: options, Topic: names.Catalog(), TransactionalID: names.Publisher(),
			Cluster: p.config.Installation, Object: string(pipeline.UID),
		},
		Prepare: p.prepare, Prove: p.prover.prove,
	})
	p.opened, p.announcer = pipeline, nil
	p.follow(options, names)
	return p.makeTopics(ctx, options, names, pipeline)
}

// connection is what a change of means another Kafka, or another way to it.
func connection(p *v1alpha1.AggregationPipeline) v1alpha1.Kafka {
	k := p.Spec.Kafka
	k.Partitions, k.ReplicationFactor, k.TrackerAuth = 0, 0, nil
	return k
}

// makeTopics makes what is missing before the log is read: the catalog's own topic is among it.
func (p *publisher) makeTopics(ctx context.Context, options []kgo.Opt, names topics.Names, pipeline *v1alpha1.AggregationPipeline) error {
	config := announce.Config{
		Options: options, Names: names, Partitions: defaultPartitions, Replication: defaultReplication, Log: slog.New(logr.ToSlogHandler(p.log)),
	}
	if n := pipeline.Spec.Kafka.Partitions; n > 0 {
		config.Partitions = uint32(n)
	}
	if n := pipeline.Spec.Kafka.ReplicationFactor; n > 0 {
		config.Replication = int16(n)
	}
	config.Newest = p.newest
	announcer, err := announce.New(ctx, config)
	if err != nil {
		p.close()
		return fmt.Errorf("topics: %w", err)
	}
	p.announcer, p.looked = announcer, time.Now()
	return nil
}

// newest is what aggregators say of the newest event that they loaded; without it nobody can tell from when on
// events may go to more partitions.
func (p *publisher) newest(_ context.Context, now time.Time) (time.Time, error) {
	at, ok := p.follower.Newest(now)
	if !ok {
		p.waits.Store(true)
		return time.Time{}, errors.New("no aggregator reports it")
	}
	return at, nil
}

// heard is called when heartbeats have brought news.
func (p *publisher) heard() {
	p.beat()
	if p.waits.Load() {
		p.inbox.put(types.NamespacedName{})
	}
}

// prepare tells the compiler of the topics, which are looked at now and then.
func (p *publisher) prepare(ctx context.Context, objects *compile.Objects) error {
	if time.Since(p.looked) > rescan/2 {
		if err := p.announcer.Look(ctx); err != nil {
			return err
		}
		p.looked = time.Now()
	}
	return p.announcer.Complete(ctx, objects, p.mirror.pipeline(p.key))
}

// follow reads the pipeline's heartbeats until close.
func (p *publisher) follow(options []kgo.Opt, names topics.Names) {
	p.follower = heartbeats.New(heartbeats.Config{
		Options: options, Topic: names.Heartbeats(), OnChange: p.heard, Log: slog.New(logr.ToSlogHandler(p.log)),
	})
	following, stop := context.WithCancel(context.Background())
	var owned sync.WaitGroup
	owned.Go(func() { p.follower.Run(following) })
	p.stop = func() { stop(); owned.Wait() }
}

func (p *publisher) close() {
	if p.cycle != nil {
		p.cycle.Close()
		p.stop()
	}
	p.cycle, p.follower, p.stop = nil, nil, nil
}
