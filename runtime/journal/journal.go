// Package journal makes events durable before anyone is answered (design 6.2, 6.3). It chooses the
// generation and partition of an event, counts it, gives it its own id, encodes it once, produces it
// with acks=all, and returns when the log has it.
//
// What is known about a record that was not acknowledged. The counter of a record may be called
// voided only when the record is certainly not in the log and never will be. franz-go, producing
// idempotently, gives up a record only while that holds: it was never written to a connection, or
// every write of it was answered with a refusal. A record whose request is out without an answer is
// kept, and sent again under its sequence number, until a broker tells its fate. So:
//
//   - franz-go gave up (delivery timeout, a broker's refusal, no room): voided.
//   - the delivery timeout passed while the fate is open: the caller gets ErrTimeout, the counter
//     stays unsettled until the fate is known, and the record may still land. Then it is durable
//     and counted, though its caller was told 503; Stats.Late counts these. A retry with a foreign
//     id is the same event; a visitor who follows the link again makes another click. Until the
//     fate is known the partition takes nothing more (ErrOverloaded), so that these stay few.
//   - the client was closed under a record: its fate stays open, its counter stays unsettled, and
//     the boot is not reported as drained.
//
// One corner remains, and franz-go's bookkeeping shares it: when a refusal fails the first batch of
// a partition, batches behind it that are out at the same moment are failed too. A broker that has
// no state of this producer for the partition could have taken one of them.
//
// Nothing is produced under a caller's context: franz-go fails whole batches by the context of
// their first record, so one visitor's closed connection would void the clicks of others.
package journal

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// Bounds of an Accepter.
const (
	// DefaultDeliveryTimeout is how long a caller waits for the log's acknowledgement.
	DefaultDeliveryTimeout = 5 * time.Second
	// DefaultMaxInFlight is how many records may wait for their acknowledgement at once.
	DefaultMaxInFlight = 1 << 16
	// DefaultHeartbeatEvery is the time between two heartbeats.
	DefaultHeartbeatEvery = time.Second
	// heartbeatTimeout bounds the write of one heartbeat.
	heartbeatTimeout = 5 * time.Second
	// maxWindow bounds the counters of one partition between settled and next.
	maxWindow = 1 << 14
)

// Errors of Accept. All of them mean: not promised to anyone, answer 503, do not redirect.
var (
	// ErrOverloaded says that a bound was reached; nothing was sent.
	ErrOverloaded = errors.New("too many events wait for the log")
	// ErrTimeout says that the log did not acknowledge in time; the event may still land.
	ErrTimeout = errors.New("the log did not acknowledge in time")
	// ErrRefused says that the log did not take the event and never will.
	ErrRefused = errors.New("the log did not take the event")
	// ErrClosed says that the accepter is shutting down.
	ErrClosed = errors.New("journal is closed")
	// ErrNoGeneration says that the catalog announces no topic for the event's time.
	ErrNoGeneration = errors.New("no generation of event topics for this time")
)

// Config is what an Accepter needs.
type Config struct {
	// Client produces; it was made with ClientOpts and is closed by its owner, after Close.
	Client *kgo.Client
	// GenerationAt gives the generation for an event's time in ms, nil when there is none.
	GenerationAt func(ms int64) *catalogpb.Generation
	// HeartbeatTopic is where progress is reported once every HeartbeatEvery.
	HeartbeatTopic string
	// Pod is the name under which this process reports.
	Pod string
	// Version of this build, reported in heartbeats.
	Version string
	// CatalogState gives the applied offset of the catalog and the keys kept out of it. Optional.
	CatalogState func() (applied int64, rejected []string)
	// DeliveryTimeout, MaxInFlight, HeartbeatEvery: zero takes the default.
	DeliveryTimeout time.Duration
	MaxInFlight     int
	HeartbeatEvery  time.Duration

	lastCounter uint64 // test seam: event.MaxCounter unless smaller
}

// Accepter takes events durably. It is safe for concurrent use.
type Accepter struct {
	cfg      Config
	boot     atomic.Pointer[boot]
	pool     sync.Pool // of *pending
	inFlight atomic.Int64
	closed   atomic.Bool
	idle     chan struct{} // one token when the last record in flight left after closing
	anyPlace atomic.Uint64 // spreads events that name no ad and no visitor

	beats sync.Mutex // one heartbeat at a time: none may follow the one that says drained
	over  bool       // closed: the present boot counts nothing and is not reported

	mu      sync.Mutex
	retired []*boot // full boots whose last records are still open

	accepted, voided, late, timedOut, overloaded atomic.Uint64
}

// New makes an Accepter with a fresh boot id.
func New(cfg Config) (*Accepter, error) {
	switch {
	case cfg.Client == nil:
		return nil, errors.New("journal: no Kafka client given")
	case cfg.GenerationAt == nil:
		return nil, errors.New("journal: no generations given")
	case cfg.HeartbeatTopic == "" || cfg.Pod == "":
		return nil, errors.New("journal: heartbeat topic and pod name are needed")
	case cfg.DeliveryTimeout < 0 || cfg.MaxInFlight < 0 || cfg.HeartbeatEvery < 0:
		return nil, fmt.Errorf("journal: a bound is negative: %v, %d, %v", cfg.DeliveryTimeout, cfg.MaxInFlight, cfg.HeartbeatEvery)
	}
	if cfg.DeliveryTimeout == 0 {
		cfg.DeliveryTimeout = DefaultDeliveryTimeout
	}
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = DefaultMaxInFlight
	}
	if cfg.HeartbeatEvery == 0 {
		cfg.HeartbeatEvery = DefaultHeartbeatEvery
	}
	if cfg.lastCounter == 0 {
		cfg.lastCounter = event.MaxCounter
	}
	a := &Accepter{cfg: cfg, idle: make(chan struct{}, 1)}
	a.pool.New = func() any { return newPending(a) }
	a.boot.Store(newBoot(event.NewBootID(), cfg.lastCounter))
	return a, nil
}

// Stats counts since the start.
type Stats struct {
	Accepted   uint64 // acknowledged by the log
	Voided     uint64 // certainly not in the log
	TimedOut   uint64 // callers answered before the fate was known, or after it was refused late
	Late       uint64 // acknowledged after the caller was answered ErrTimeout
	Overloaded uint64 // turned away at a bound
	InFlight   int64  // now
}

// Stats is a snapshot for metrics.
func (a *Accepter) Stats() Stats {
	return Stats{
		Accepted: a.accepted.Load(), Voided: a.voided.Load(), TimedOut: a.timedOut.Load(),
		Late: a.late.Load(), Overloaded: a.overloaded.Load(), InFlight: a.inFlight.Load(),
	}
}

// BootID is the id under which events are counted now.
func (a *Accepter) BootID() uint64 { return a.boot.Load().id }
