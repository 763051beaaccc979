// Package aggregate counts the log exactly once (design 6.4). Per partition it loads raw events into
// ClickHouse under manifests, has ClickHouse compute minute rows at a cut of the log, and keeps exact
// panes of the last minutes in Redis. All counted state is a function of the log up to an offset: a
// worker may die at any point, run twice, or come back late, and the numbers are the same.
package aggregate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// stopTimeout bounds what a worker that stops still writes.
const stopTimeout = 10 * time.Second

// Aggregator counts the partitions that its group assigns to it.
type Aggregator struct {
	cfg     Config
	metrics *metrics
	status  statusBoard
}

// New checks cfg. It opens nothing.
func New(cfg Config) (*Aggregator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Aggregator{cfg: cfg, metrics: newMetrics(cfg.Registry)}, nil
}

// Status tells what the last round of the loop saw. Safe for concurrent use.
func (a *Aggregator) Status() Status { return a.status.get() }

// Run counts until ctx ends, then flushes what is buffered and leaves the group. It may run once.
func (a *Aggregator) Run(ctx context.Context) error {
	w := &worker{
		batch: maxMinutesPerStatement,
		cfg:   a.cfg, rules: rules{rawDays: a.cfg.Retention.RawDays}, metrics: a.metrics, status: &a.status,
		read: map[string]bool{}, readIDs: map[string][16]byte{}, partitions: map[event.SrcPart]*partition{}, buffer: newBuffer(), answers: make(chan func(), answerQueue),
		live: store.LiveWriter{Client: a.cfg.Redis, Keys: store.LiveKeys{Prefix: a.cfg.Topics.Prefix}},
	}
	w.lanes.topics.name, w.lanes.open.name, w.lanes.probe.name, w.lanes.flush.name = "topics", "open", "probe", "flush"
	w.lanes.compute.name, w.lanes.publish.name, w.lanes.sessions.name = "compute", "publish", "sessions"
	if err := w.connect(); err != nil {
		return err
	}
	defer w.close()
	running, die := context.WithCancelCause(ctx)
	w.die = die
	lasting, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	err := w.loop(running, lasting)
	cause := context.Cause(running)
	die(nil)
	defer time.AfterFunc(stopTimeout, cut).Stop()
	w.effects.Wait()
	if ctx.Err() == nil {
		return errors.Join(err, cause) // a fault, or the reader was closed under us
	}
	w.drain()
	w.lastFlushes(lasting)
	return nil
}

func (w *worker) connect() error {
	read := func() (*kgo.Client, error) {
		return kgo.NewClient(append(slices.Clip(w.cfg.Kafka),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
			kgo.MetadataMinAge(metadataMinAge), kgo.FetchMaxWait(fetchMaxWait),
		)...)
	}
	var err error
	if w.reader, err = read(); err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	if w.behind, err = read(); err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	w.mover, err = kgo.NewClient(append(slices.Clip(w.cfg.Kafka), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	w.admin = kadm.NewClient(w.reader)
	w.group, err = newAssignment(w.cfg.Kafka, w.cfg.Group)
	return err
}

const (
	metadataMinAge = 100 * time.Millisecond // partitions are added and removed by hand
	fetchMaxWait   = 500 * time.Millisecond
)

func (w *worker) close() {
	if w.group != nil {
		w.group.client.CloseAllowingRebalance()
	}
	for _, client := range []*kgo.Client{w.reader, w.behind, w.mover} {
		if client != nil {
			client.Close()
		}
	}
}

// lastFlushes loads what a stopping worker still holds, so that the next one reads less again. When
// that fails nothing is lost: the next one starts at the last manifest.
func (w *worker) lastFlushes(ctx context.Context) {
	for _, b := range []*buffer{w.inFlight, w.buffer} {
		if b == nil || b.empty() {
			continue
		}
		manifests, err := w.flush(ctx, b, w.cfg.Now())
		if err != nil {
			w.cfg.Log.Warn("the last flush failed, the log is read again from the last manifest", "error", err)
			return
		}
		w.flushed(ctx, b, manifests)
	}
}
