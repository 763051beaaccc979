// Package follow keeps a process's catalog equal to the committed end of the catalog topic (design 5).
package follow

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/internal/topic"
)

const (
	// RebuildAfter is half of the catalog topic's delete.retention.ms (7 d). A follower that was away
	// for longer may have missed a tombstone, so it reads the log again from its start.
	RebuildAfter = 7 * 24 * time.Hour / 2

	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Config says what to follow.
type Config struct {
	// Options reach the brokers: kgo.SeedBrokers and what security needs. Required.
	Options []kgo.Opt
	// Topic is the catalog topic. Required.
	Topic string
	// CacheFile is the disk copy that serves until the log was read. Empty: none is kept.
	CacheFile string
	// Level is the highest `needs` of a record that is loaded; 0 is catalog.Level.
	Level uint32
	// Log gets one line per swap from scratch, per lost connection and per rejected record. Required.
	Log *slog.Logger
	// OnSwap is called after every swap, one call at a time, in order. It must not block for long:
	// the next edit waits for it. Optional.
	OnSwap func(*catalog.Catalog)
	// RebuildAfter replaces the constant of that name; 0 keeps it.
	RebuildAfter time.Duration
}

// Follower holds the current catalog. Its methods are safe for concurrent use.
type Follower struct {
	config  Config
	current atomic.Pointer[catalog.Catalog]
	synced  atomic.Bool
	contact atomic.Int64 // of earlier readers, ns since the epoch
	reader  atomic.Pointer[topic.Reader]
	served  atomic.Pointer[topic.Reader] // the reader that the current catalog comes from
}

// New makes a follower; Run fills it.
func New(config Config) *Follower {
	if config.Level == 0 {
		config.Level = catalog.Level
	}
	if config.RebuildAfter == 0 {
		config.RebuildAfter = RebuildAfter
	}
	return &Follower{config: config}
}

// Current returns the newest catalog, nil before the first.
func (f *Follower) Current() *catalog.Catalog { return f.current.Load() }

// Ready reports whether there is a catalog, be it an old one from the disk copy.
func (f *Follower) Ready() bool { return f.current.Load() != nil }

// Synced reports whether the catalog comes from the log rather than from the disk copy.
func (f *Follower) Synced() bool { return f.synced.Load() }

// LastContact returns when the log was last read successfully, also when it held nothing new; zero
// before the first time.
func (f *Follower) LastContact() time.Time {
	if reader := f.reader.Load(); reader != nil {
		if last, _ := reader.Contact(); !last.IsZero() {
			return last
		}
	}
	if ns := f.contact.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

// AsOf returns a time at which the current catalog was all that the log held; zero while it is only a
// disk copy. Unlike LastContact it stands still while a catalog is read again from the start.
func (f *Follower) AsOf() time.Time {
	if reader := f.served.Load(); reader != nil {
		last, _ := reader.Contact()
		return last
	}
	return time.Time{}
}

// Rejected returns the sorted keys of records that were kept out, for the heartbeat.
func (f *Follower) Rejected() []string {
	c := f.current.Load()
	if c == nil {
		return nil
	}
	var keys []string
	for _, r := range c.Rejected() {
		keys = append(keys, r.Key)
	}
	return keys
}

// Run follows the topic until ctx ends, then returns nil. Lost connections, truncated logs and long
// absences make it read from the start again while the catalog it has keeps serving.
func (f *Follower) Run(ctx context.Context) error {
	saver := newSaver(f.config.CacheFile, f.config.Log)
	var owned sync.WaitGroup
	defer owned.Wait()
	saving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	owned.Go(func() { saver.run(saving) })

	if cached := loadCopy(f.config.CacheFile, f.config.Log); cached != nil {
		f.swap(cached)
	}
	for retry := firstRetry; ctx.Err() == nil; {
		reached, err := f.follow(ctx, saver)
		if ctx.Err() != nil {
			break
		}
		if reached {
			retry = firstRetry
		}
		f.config.Log.Warn("catalog is read again from its start", "reason", err, "in", retry)
		wait(ctx, retry)
		retry = min(2*retry, lastRetry)
	}
	return nil
}

var errAbsent = errors.New("absent for too long: tombstones may have been missed")

// follow builds a catalog from the start of the log to the end it sees first, swaps, and then applies
// each batch of committed records. It returns on the first error and says whether it got to the end.
func (f *Follower) follow(ctx context.Context, saver *saver) (reached bool, err error) {
	reader, err := topic.Open(ctx, f.config.Topic, f.config.Options...)
	if err != nil {
		return false, err
	}
	defer reader.Close()
	f.contact.Store(unixNano(f.LastContact()))
	f.reader.Store(reader)
	next, err := f.build(ctx, reader)
	if err != nil {
		return false, err
	}
	f.synced.Store(true)
	f.config.Log.Info("catalog is read", "offset", next.Offset())
	for {
		f.swap(next)
		f.served.Store(reader)
		saver.offer(next)
		changes, err := f.read(ctx, reader)
		if err != nil {
			return true, err
		}
		next = f.with(next, changes)
	}
}

// build reads up to the end, and on until the log holds a pipeline record: the publisher writes it
// with its first batch, so a log without one was never written or was lost, and is no catalog.
func (f *Follower) build(ctx context.Context, reader *topic.Reader) (*catalog.Catalog, error) {
	next := catalog.New(nil)
	for !reader.AtEnd() || next.Pipeline() == nil {
		changes, err := f.read(ctx, reader)
		if err != nil {
			return nil, err
		}
		next = f.with(next, changes)
	}
	return next, nil
}

func (f *Follower) read(ctx context.Context, reader *topic.Reader) ([]catalog.Change, error) {
	for {
		records, err := reader.Next(ctx)
		if err != nil {
			return nil, err
		}
		if _, gap := reader.Contact(); gap > f.config.RebuildAfter {
			return nil, errAbsent
		}
		if len(records) == 0 && !reader.AtEnd() {
			continue
		}
		changes := make([]catalog.Change, len(records))
		for i, r := range records {
			changes[i] = catalog.Decode(string(r.Key), r.Value, r.Offset, f.config.Level)
		}
		return changes, nil
	}
}

// with applies changes and reports what they left out.
func (f *Follower) with(c *catalog.Catalog, changes []catalog.Change) *catalog.Catalog {
	before := c.Offset()
	next := c.With(changes)
	for _, r := range next.Rejected() {
		if r.Offset > before {
			f.config.Log.Error("catalog record is kept out", "key", r.Key, "offset", r.Offset, "reason", r.Reason)
		}
	}
	return next
}

func (f *Follower) swap(next *catalog.Catalog) {
	f.current.Store(next)
	if f.config.OnSwap != nil {
		f.config.OnSwap(next)
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// unixNano is 0 for the zero time.
func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
