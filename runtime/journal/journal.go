// Package journal makes events durable before anyone is answered (design 6.2, 6.3). It chooses the
// generation and partition of an event, counts it, gives it its own id, encodes it once, and returns
// when Kafka has it with acks=all, or the journal on this process's disk has it synced, as the policy
// says. What is in the journal is shipped later: the same bytes, under the old id, to the generation
// and partition it names. That both have it is normal, and counted once.
//
// What is known about a record that was not acknowledged. The counter of a record may be called
// voided only when the record is certainly nowhere and never will be. franz-go, producing
// idempotently, gives up a record only while that holds: it was never written to a connection, or
// every write of it was answered with a refusal. A record whose request is out without an answer is
// kept, and sent again under its sequence number, until a broker tells its fate. The journal refuses
// a record for certain when it has no room; after a failed sync nobody knows. So:
//
//   - either has it: settled, and the caller is told so. What only the journal has is reported as
//     journaled until Kafka acknowledged it.
//   - franz-go gave up (delivery timeout, a broker's refusal, no room), and the journal was not asked
//     or has no room: voided.
//   - the delivery timeout passed while the fate is open: the caller gets ErrTimeout, the counter
//     stays unsettled until the fate is known, and the record may still land. Then it is durable
//     and counted, though its caller was told 503; Stats.Late counts these. A retry with a foreign
//     id is the same event; a visitor who follows the link again makes another click. Without a
//     journal the partition takes nothing more (ErrOverloaded) until the fate is known, so that
//     these stay few; with one its events go there.
//   - the client was closed under a record, or the disk failed under it: its fate stays open, its
//     counter stays unsettled, and the boot is not reported as drained.
//
// One corner remains, and franz-go's bookkeeping shares it: when a refusal fails the first batch of
// a partition, batches behind it that are out at the same moment are failed too. A broker that has
// no state of this producer for the partition could have taken one of them.
//
// Nothing is produced under a caller's context: franz-go fails whole batches by the context of
// their first record, so one visitor's closed connection would void the clicks of others.
package journal

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal/wal"
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

// Config is what an Accepter needs.
type Config struct {
	// Client produces; it was made with ClientOpts and is closed by its owner, after Close.
	Client *kgo.Client
	// Ship produces what is in the journal; it was made with ShipOpts and is closed by its owner, after
	// Close. Needed with a journal.
	Ship *kgo.Client
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
	// Addresses counts the visitors since the start whose address was known, and whose was hidden. Optional.
	Addresses func() (known, hidden uint64)
	// DeliveryTimeout, MaxInFlight, HeartbeatEvery: zero takes the default.
	DeliveryTimeout time.Duration
	MaxInFlight     int
	HeartbeatEvery  time.Duration
	// Dir holds the journal; one process uses it at a time. Empty: there is no journal, and the
	// policy is Kafka.
	Dir string
	// Capacity bounds the bytes of the journal. Zero: wal.DefaultCapacity.
	Capacity int64
	// Ack says what makes an event durable; SetAck changes it.
	Ack Ack
	// ShipRate bounds how many events a second leave the journal. Zero: DefaultShipRate.
	ShipRate int
	// Log gets lines about the journal. Optional.
	Log *slog.Logger
	// FS takes the place of Dir, for tests of what a disk may do. Optional.
	FS wal.FS

	lastCounter uint64 // test seam: event.MaxCounter unless smaller
	drainOnly   bool   // nothing is accepted: what earlier boots left is shipped
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
	began    time.Time
	ack      atomic.Pointer[Ack]
	disk     *disk    // nil: no journal
	breakers sync.Map // event.SrcPart -> *breaker
	away     away
	metrics  *metrics

	beats sync.Mutex // one heartbeat at a time: none may follow the one that says drained
	over  bool       // closed: the present boot counts nothing and is not reported

	mu      sync.Mutex
	retired []*boot // full boots whose last records are still open

	accepted, journaled, voided, late, timedOut, overloaded, unbilled atomic.Uint64
}

// New makes an Accepter with a fresh boot id. With a journal it takes the directory, and what earlier
// processes left there; Run and Close ship it.
func New(cfg Config) (*Accepter, error) {
	if err := cfg.settle(); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	a := &Accepter{cfg: cfg, idle: make(chan struct{}, 1), began: time.Now()}
	a.away.never = cfg.Dir == "" && cfg.FS == nil
	a.metrics = newMetrics(a)
	a.pool.New = func() any { return newPending(a) }
	a.boot.Store(a.newBoot(event.NewBootID()))
	if !a.away.never {
		if err := a.openDisk(); err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
	}
	a.SetAck(cfg.Ack)
	return a, nil
}

func (c *Config) settle() error {
	switch {
	case c.Client == nil:
		return errors.New("no Kafka client given")
	case c.Ship == nil && (c.Dir != "" || c.FS != nil):
		return errors.New("no Kafka client given to ship the journal with")
	case c.GenerationAt == nil && !c.drainOnly:
		return errors.New("no generations given")
	case c.HeartbeatTopic == "" || c.Pod == "":
		return errors.New("heartbeat topic and pod name are needed")
	case c.DeliveryTimeout < 0 || c.MaxInFlight < 0 || c.HeartbeatEvery < 0 || c.Capacity < 0 || c.Ack.Budget < 0 || c.ShipRate < 0:
		return fmt.Errorf("a bound is negative: %v, %d, %v, %d, %v, %d", c.DeliveryTimeout, c.MaxInFlight, c.HeartbeatEvery, c.Capacity, c.Ack.Budget, c.ShipRate)
	}
	c.DeliveryTimeout = cmp.Or(c.DeliveryTimeout, DefaultDeliveryTimeout)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, DefaultMaxInFlight)
	c.HeartbeatEvery = cmp.Or(c.HeartbeatEvery, DefaultHeartbeatEvery)
	c.ShipRate = cmp.Or(c.ShipRate, DefaultShipRate)
	c.lastCounter = cmp.Or(c.lastCounter, event.MaxCounter)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func (a *Accepter) newBoot(id uint64) *boot {
	b := &boot{id: id, last: a.cfg.lastCounter, pod: a.cfg.Pod, breaker: a.breakerOf}
	return b.begun()
}

func (a *Accepter) breakerOf(src event.SrcPart) *breaker {
	b, ok := a.breakers.Load(src)
	if !ok {
		b, _ = a.breakers.LoadOrStore(src, &breaker{away: &a.away})
	}
	return b.(*breaker)
}

// Stats counts since the start.
type Stats struct {
	Accepted   uint64 // acknowledged by the log first
	Journaled  uint64 // made durable by the journal first
	Voided     uint64 // certainly nowhere
	TimedOut   uint64 // callers answered before the fate was known, or after it was refused late
	Late       uint64 // durable after the caller was answered ErrTimeout
	Overloaded uint64 // turned away at a bound
	Unbilled   uint64 // callers who were told ErrUnbilled
	InFlight   int64  // now
	Shipped    uint64 // from the journal, without those whose own produce was acknowledged
	Waiting    int    // in the journal, now
}

// Stats is a snapshot for metrics.
func (a *Accepter) Stats() Stats {
	s := Stats{
		Accepted: a.accepted.Load(), Journaled: a.journaled.Load(), Voided: a.voided.Load(), TimedOut: a.timedOut.Load(),
		Late: a.late.Load(), Overloaded: a.overloaded.Load(), Unbilled: a.unbilled.Load(), InFlight: a.inFlight.Load(),
	}
	if a.disk != nil {
		s.Shipped, s.Waiting = a.disk.ship.shipped.Load(), a.disk.waiting()
	}
	return s
}

// BootID is the id under which events are counted now.
func (a *Accepter) BootID() uint64 { return a.boot.Load().id }
