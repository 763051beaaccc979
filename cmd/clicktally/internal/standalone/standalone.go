package standalone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/catalog/local"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/query"
	"github.com/clicktally/clicktally/runtime/tracker"
)

const (
	// readyWithin bounds the start, recovery of the stores aside.
	readyWithin = 60 * time.Second
	readyPoll   = 20 * time.Millisecond
	// headerTimeout bounds a client of the admin port.
	headerTimeout = 5 * time.Second
)

// Standalone is a running ClickTally.
type Standalone struct {
	config  Config
	keys    keys
	servers *servers
	source  *source
	units   *units
	trackID string // namespace/name of the Tracker that is served

	visitors, readers, admin net.Listener

	registry   *prometheus.Registry
	follower   *follow.Follower
	aggregator *aggregate.Aggregator
	ledger     *ledger.Ledger // nil without history
	query      *query.Server
	tracker    *tracker.Tracker
	first      chan local.Report
	latest     atomic.Pointer[local.Report]
	said       map[string]bool // problems of the pass before, not to be said again
}

// ErrStopped says that the start was called off by its context; what was started is stopped again.
var ErrStopped = errors.New("stopped while starting")

// Start brings everything up and returns once visitors are served. ctx bounds the start alone; Stop
// ends what was started.
func Start(ctx context.Context, config Config) (_ *Standalone, err error) {
	config, err = config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Standalone{config: config, units: newUnits(), first: make(chan local.Report, 1), registry: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	for _, step := range []func(context.Context) error{
		s.listen, s.startStores, s.startCatalog, s.startAggregator, s.startLedger, s.startBatch, s.startQuery, s.startTracker, s.startAdmin, s.waitReady,
	} {
		if err := step(ctx); err != nil {
			if ctx.Err() != nil {
				err = ErrStopped
			}
			return nil, err
		}
	}
	return s, nil
}

// Wait returns when ctx ends, with nil, or when a part failed.
func (s *Standalone) Wait(ctx context.Context) error { return s.units.wait(ctx) }

// Stop ends the parts in the order in which a click passes through them, so that what was answered
// is counted, and then the stores. Their state stays in the data directory.
func (s *Standalone) Stop() error {
	err := s.units.stop()
	for _, l := range []net.Listener{s.visitors, s.readers, s.admin} {
		if l != nil {
			l.Close() // most are closed by the part that served them
		}
	}
	if s.servers != nil {
		_ = os.Remove(addressesFile(s.config.Data)) // nobody answers there any more; a stale one is found out by that
		s.servers.close(s.config.Log)
	}
	return err
}

// TrackerURL is where visitors go, QueryURL where readers go.
func (s *Standalone) TrackerURL() string { return "http://" + s.visitors.Addr().String() }

// QueryURL is where readers go.
func (s *Standalone) QueryURL() string { return "http://" + s.readers.Addr().String() }

// HasHistory says whether ClickHouse runs; without it only live figures are answered.
func (s *Standalone) HasHistory() bool { return s.servers.history != nil }

func (s *Standalone) listen(context.Context) error {
	for _, l := range []struct {
		what, flag, address string
		into                *net.Listener
	}{
		{"visitors", "listen", s.config.Listen, &s.visitors},
		{"readers", "query-listen", s.config.QueryListen, &s.readers},
		{"the admin port", "admin-listen", s.config.AdminListen, &s.admin},
	} {
		var err error
		if *l.into, err = net.Listen("tcp", l.address); err != nil {
			return fmt.Errorf("listen for %s: %w (choose another address with --%s)", l.what, err, l.flag)
		}
	}
	return nil
}

func (s *Standalone) startStores(ctx context.Context) error {
	if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	var err error
	if s.keys, err = loadKeys(s.config.Data); err != nil {
		return err
	}
	if s.servers, err = startServers(ctx, &s.config, s.config.Log); err != nil {
		return err
	}
	if s.source, err = newSource(ctx, &s.config, s.servers, s.keys, s.config.Log); err != nil {
		return err
	}
	return s.writeAddresses()
}

// startCatalog publishes the folder and follows the catalog, as every process does. No copy of it is
// kept on disk: the log is here before anyone asks for it, and a copy from before a kill is older.
func (s *Standalone) startCatalog(ctx context.Context) error {
	s.follower = follow.New(follow.Config{
		Options: s.servers.brokers(), Topic: s.source.topics.Catalog(), Log: s.config.Log,
	})
	s.units.start("catalog follower", s.follower.Run)
	s.units.start("folder", func(ctx context.Context) error { return s.source.run(ctx, s.reported) })
	select {
	case r := <-s.first:
		return s.chooseTracker(r)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Standalone) chooseTracker(r local.Report) error {
	var names []string
	for _, t := range r.Set.Objects.Trackers {
		names = append(names, t.Namespace+"/"+t.Name)
	}
	switch {
	case s.config.Tracker != "":
		s.trackID = s.config.Tracker
	case len(names) == 0:
		return fmt.Errorf("no Tracker in %v that could be read: standalone needs one; see config/samples/tracker.yaml", s.config.Dirs)
	default:
		s.trackID = names[0]
	}
	if len(names) > 1 {
		fmt.Fprintf(s.config.Out, "serving tracker %s of %v; --tracker chooses another\n", s.trackID, names)
	}
	return nil
}

func (s *Standalone) startAggregator(ctx context.Context) error {
	if err := s.until(ctx, "the catalog", func() bool {
		c := s.follower.Current()
		return c != nil && c.Pipeline() != nil && s.follower.Synced()
	}); err != nil {
		return err
	}
	var err error
	if s.aggregator, err = aggregate.New(s.aggregatorConfig(s.follower.Current().Pipeline())); err != nil {
		return err
	}
	s.units.start("aggregator", s.aggregator.Run)
	return nil
}

func (s *Standalone) aggregatorConfig(p *catalogpb.Pipeline) aggregate.Config {
	return aggregate.Config{
		Kafka: s.servers.brokers(), Topics: s.source.topics, Generations: s.announced,
		ClickHouse: s.servers.history, Database: s.source.database(), Redis: s.servers.live,
		Epoch:       uint16(p.GetEpoch()),
		FollowEpoch: func() uint16 { return uint16(s.follower.Current().Pipeline().GetEpoch()) },
		SessionGap:  time.Duration(p.GetSessionGapMs()) * time.Millisecond,
		Retention:   s.source.retention(), Log: s.config.Log, Registry: s.registry,
	}
}

// announced is what the aggregator is told of generations: those of the newest catalog, and its age.
func (s *Standalone) announced() (catalog.Generations, time.Duration) {
	asOf := s.follower.AsOf() // first: the catalog may be younger, never older
	return s.follower.Current().Generations(), time.Since(asOf)
}

func (s *Standalone) startQuery(context.Context) error {
	config := query.Config{
		Database: s.source.database(), Redis: s.servers.live, Prefix: s.source.topics.Prefix,
		Catalog: s.follower.Current, Token: s.config.ReadToken, HistoryHint: s.servers.hint, Log: s.config.Log,
		ClickHouse: s.servers.history,
	}
	var err error
	if s.query, err = query.New(config); err != nil {
		return err
	}
	s.units.start("query", func(ctx context.Context) error { return s.query.Run(ctx, s.readers, nil) })
	return nil
}

func (s *Standalone) startTracker(context.Context) error {
	var err error
	s.tracker, err = tracker.New(tracker.Config{
		Tracker: s.trackID, Pod: "standalone", Version: s.config.Version, Kafka: s.servers.brokers(),
		CatalogTopic: s.source.topics.Catalog(), HeartbeatTopic: s.source.topics.Heartbeats(),
		SourcesDir:  s.config.sourcesDir(),
		JournalDir:  s.config.journalDir(),
		ClickIDKeys: [][]byte{s.keys.clickID}, HashKey: s.keys.hash, Log: s.config.Log,
	})
	if err != nil {
		return err
	}
	s.units.start("tracker", func(ctx context.Context) error { return s.tracker.Run(ctx, s.visitors) })
	return nil
}

func (s *Standalone) waitReady(ctx context.Context) error {
	return s.until(ctx, "tracker "+s.trackID, func() bool { return s.tracker.Ready() && s.aggregator.Status().Ready() })
}

// until polls for what a start waits for; a part that fails meanwhile ends the wait.
func (s *Standalone) until(ctx context.Context, what string, ready func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWithin, fmt.Errorf("%s was not ready within %s", what, readyWithin))
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !ready() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case one := <-s.units.failed:
			return fmt.Errorf("%s: %w", one.name, one.err)
		case <-tick.C:
		}
	}
	return nil
}
