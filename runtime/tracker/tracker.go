// Package tracker is the HTTP surface of a visitor (design 8): clicks, impressions, events and links.
//
// The path of a click is a straight line: parse, look up, gather signals, score, decide, accept,
// answer. Each step is a small function in a file of its own name; a visit carries the request from
// one to the next. Nothing on it waits for anything but the log's acknowledgement.
//
// A visitor is never lost for what a link states: an unusable parameter is dropped and counted in
// clicktally_tracker_input_problems_total, an unusable cid goes to the fallback URL. A program that
// sends POST is told instead.
package tracker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/agent"
	"github.com/clicktally/clicktally/runtime/fraud/score"
	"github.com/clicktally/clicktally/runtime/fraud/velocity"
	"github.com/clicktally/clicktally/runtime/journal"
)

// Config is what a tracker needs. Fields without a default are required.
type Config struct {
	// Tracker is namespace/name of the fleet.
	Tracker string
	// Pod is the name under which this process sends heartbeats.
	Pod string
	// Version of this build, for heartbeats. Optional.
	Version string
	// Kafka reaches the brokers: kgo.SeedBrokers and what security needs.
	Kafka []kgo.Opt
	// CatalogTopic and HeartbeatTopic are the pipeline's.
	CatalogTopic, HeartbeatTopic string
	// DataDir keeps the disk copy of the catalog. Empty: none.
	DataDir string
	// SourcesDir holds the keys of traffic sources, files named namespace.ts_id. Empty: no server
	// callers.
	SourcesDir string
	// ClickIDKeys sign click ids, the first one; all verify. Each has at least 16 bytes.
	ClickIDKeys [][]byte
	// HashKey hashes user and device ids; at least 16 bytes.
	HashKey []byte
	// Log gets lines about the process, never one per click.
	Log *slog.Logger
	// UnreadyFor is how long after Ready turns false requests are still taken, so that balancers
	// notice. Zero: not at all.
	UnreadyFor time.Duration
	// DrainTimeout bounds the rest of a shutdown. Zero: 15 s.
	DrainTimeout time.Duration
	// DeliveryTimeout and MaxInFlight: see journal.Config.
	DeliveryTimeout time.Duration
	MaxInFlight     int
	// JournalDir holds what Kafka has not acknowledged; one process uses it at a time. Empty: there is
	// no journal, and only Kafka makes an event durable.
	JournalDir string
	// JournalBytes bounds the journal. Zero: wal.DefaultCapacity.
	JournalBytes int64
	// Ack stands above what the Tracker of the catalog says.
	Ack AckOverride
}

// defaultDrain bounds a shutdown: requests in flight, then the last acknowledgements.
const defaultDrain = 15 * time.Second

// Tracker answers visitors.
type Tracker struct {
	cfg      Config
	log      *slog.Logger
	view     atomic.Pointer[view]
	stopping atomic.Bool
	visits   sync.Pool

	client   *kgo.Client
	ship     *kgo.Client // ships the journal; nil without one
	follower *follow.Follower
	journal  *journal.Accepter
	signer   *event.Signer
	hasher   *hasher
	sources  *sources
	metrics  *metrics

	agents             *agent.Classifier
	addresses, devices *velocity.Counter
	impressions        *velocity.Impressions
	seen               seen
}

// New makes a tracker; Run starts it. It reaches nothing yet.
func New(cfg Config) (*Tracker, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("tracker: %w", err)
	}
	t := &Tracker{
		cfg: cfg, log: cfg.Log,
		agents: agent.NewClassifier(0), addresses: velocity.NewCounter(0), devices: velocity.NewCounter(0),
		impressions: velocity.NewImpressions(0),
	}
	t.visits.New = func() any { return &visit{} }
	var err error
	if t.signer, err = event.NewSigner(cfg.ClickIDKeys...); err != nil {
		return nil, fmt.Errorf("tracker: %w", err)
	}
	if t.hasher, err = newHasher(cfg.HashKey); err != nil {
		return nil, fmt.Errorf("tracker: %w", err)
	}
	if t.sources, err = newSources(cfg.SourcesDir, cfg.Log); err != nil {
		return nil, fmt.Errorf("tracker: %w", err)
	}
	if t.client, err = kgo.NewClient(append(journal.ClientOpts(cfg.DeliveryTimeout, cfg.MaxInFlight), cfg.Kafka...)...); err != nil {
		return nil, fmt.Errorf("tracker: make Kafka client: %w", err)
	}
	t.follower = follow.New(follow.Config{
		Options: cfg.Kafka, Topic: cfg.CatalogTopic, CacheFile: cacheFile(cfg.DataDir), Log: cfg.Log, OnSwap: t.swap,
	})
	if err = t.openJournal(); err != nil {
		t.closeClients()
		return nil, fmt.Errorf("tracker: %w", err)
	}
	t.metrics = newMetrics(t)
	return t, nil
}

func (c *Config) check() error {
	namespace, name, ok := strings.Cut(c.Tracker, "/")
	switch {
	case !ok || namespace == "" || name == "":
		return fmt.Errorf("name %q is not namespace/name", c.Tracker)
	case len(c.Kafka) == 0:
		return errors.New("no Kafka brokers given")
	case c.CatalogTopic == "" || c.HeartbeatTopic == "":
		return errors.New("catalog and heartbeat topic are needed")
	case c.Log == nil:
		return errors.New("no log given")
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = defaultDrain
	}
	return nil
}

func cacheFile(dir string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "catalog")
}

// swap is called with every new catalog, one at a time.
func (t *Tracker) swap(c *catalog.Catalog) {
	next := newView(c, t.cfg.Tracker, t.view.Load(), score.Default(), t.log)
	if next == nil {
		t.log.Error("the catalog does not hold this tracker; the last view goes on serving", "tracker", t.cfg.Tracker, "offset", c.Offset())
		return
	}
	if before := t.view.Load(); before != nil {
		t.adoptTopics(before.catalog.Generations(), c.Generations())
	}
	t.view.Store(next)
	t.journal.SetAck(t.cfg.Ack.over(next.tracker.Tracker))
}

func (t *Tracker) generationAt(ms int64) *catalogpb.Generation {
	v := t.view.Load()
	if v == nil {
		return nil
	}
	return v.catalog.GenerationAt(ms)
}

func (t *Tracker) catalogState() (int64, []string) {
	c := t.follower.Current()
	if c == nil {
		return -1, nil
	}
	return c.Offset(), t.follower.Rejected()
}

// Run serves visitors on ln until ctx ends, then shuts down: unready, wait, answer what is in flight,
// make it durable, say drained. It closes ln. It may be called once.
func (t *Tracker) Run(ctx context.Context, ln net.Listener) error {
	defer t.closeClients()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var owned sync.WaitGroup
	defer owned.Wait()
	defer stop()
	owned.Go(func() { t.sources.watch(background) })
	owned.Go(func() { t.journal.Run(background, t.log) })
	owned.Go(func() {
		if err := t.follower.Run(background); err != nil {
			t.log.Error("catalog follower stopped", "error", err)
		}
	})
	server := t.newServer()
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	var failed error
	select {
	case failed = <-served:
		t.stopping.Store(true)
	case <-ctx.Done():
		t.stopping.Store(true)
		pause(t.cfg.UnreadyFor)
	}
	drain, cancel := context.WithTimeout(background, t.cfg.DrainTimeout)
	defer cancel()
	return errors.Join(failed, server.ShutdownWithContext(drain), t.journal.Close(drain))
}

func pause(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}
