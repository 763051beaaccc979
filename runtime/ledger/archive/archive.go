// Package archive copies raw events to object storage as Parquet (design 6.5). ClickHouse writes and reads the objects
// itself; this package chooses ranges of offsets by the manifests, reads back what was written, and only then notes it.
// An object's key says its range, so that a copy that was interrupted is written whole again.
package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// DefaultAfter is how long ago raw was loaded when it is copied.
const DefaultAfter = 24 * time.Hour

// Config says what is copied where. ClickHouse, Database and Bucket are required.
type Config struct {
	ClickHouse driver.Conn
	Database   string
	Bucket     Bucket
	After      time.Duration // default 24 h
	MaxOffsets uint64        // of one object; default 2 million
	Every      time.Duration // pause between passes; default 10 min
	Log        *slog.Logger
	Metrics    *Metrics         // optional
	Now        func() time.Time // default time.Now
	// Fault is called before each effect with its name; an error stands for a process that dies there. Tests only.
	Fault func(effect string) error
}

// Archiver copies raw. Any number may run at once: they write the same objects.
type Archiver struct {
	cfg     Config
	columns []store.ColumnType
}

// Metrics tell how the archive is; one set may serve several Archivers after each other.
type Metrics struct {
	behind  prometheus.Gauge
	objects prometheus.Counter
}

// NewMetrics registers them; registry may be nil.
func NewMetrics(registry *prometheus.Registry) *Metrics {
	m := &Metrics{
		behind: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "clicktally_archive_behind_seconds", Help: "How long ago the oldest raw that is due for the archive became due.",
		}),
		objects: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clicktally_archive_objects_total", Help: "Ranges of raw that were written, read back and noted.",
		}),
	}
	if registry != nil {
		registry.MustRegister(m.behind, m.objects)
	}
	return m
}

// New checks cfg. It opens nothing.
func New(cfg Config) (*Archiver, error) {
	if cfg.ClickHouse == nil || cfg.Database == "" {
		return nil, errors.New("archive: ClickHouse and a database are required")
	}
	if err := cfg.Bucket.check(); err != nil {
		return nil, err
	}
	cfg.After = cmp.Or(cfg.After, DefaultAfter)
	cfg.MaxOffsets = cmp.Or(cfg.MaxOffsets, 2_000_000)
	cfg.Every = cmp.Or(cfg.Every, 10*time.Minute)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Fault == nil {
		cfg.Fault = func(string) error { return nil }
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	return &Archiver{cfg: cfg}, nil
}

// Run makes a pass every Config.Every until ctx ends. What fails is logged when the trouble begins and when it ends,
// and found again by the next pass.
func (a *Archiver) Run(ctx context.Context) error {
	tick := time.NewTicker(a.cfg.Every)
	defer tick.Stop()
	failing := false
	for {
		_, err := a.Pass(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failing:
			a.cfg.Log.Warn("the archive is behind", "error", err)
		case err == nil && failing:
			a.cfg.Log.Info("the archive is up to date again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Pass copies everything that is due, and returns how many objects it wrote. One partition that fails does not hold up
// the others.
func (a *Archiver) Pass(ctx context.Context) (objects int, err error) {
	due := a.cfg.Now().Add(-a.cfg.After).Truncate(time.Hour)
	ranges, err := store.ReadUnarchived(ctx, a.cfg.ClickHouse, a.cfg.Database, due)
	if err != nil {
		return 0, err
	}
	if a.columns == nil {
		if a.columns, err = store.ReadEventColumns(ctx, a.cfg.ClickHouse, a.cfg.Database); err != nil {
			return 0, err
		}
	}
	var errs []error
	behind := 0.0
	failed := map[event.SrcPart]bool{}
	for _, hour := range ranges {
		for r := range a.split(hour) {
			if failed[r.SrcPart] { // what lies above would leave a hole
				break
			}
			if err := a.copy(ctx, r); err != nil {
				failed[r.SrcPart] = true
				behind = max(behind, due.Sub(r.Until).Seconds(), 1)
				errs = append(errs, fmt.Errorf("archive offsets %d to %d of partition %d of generation %d: %w",
					r.From, r.To, r.SrcPart.Partition(), r.SrcPart.Generation(), err))
				break
			}
			objects++
		}
	}
	a.cfg.Metrics.behind.Set(behind)
	return objects, errors.Join(errs...)
}

// split yields the objects of what was loaded within an hour.
func (a *Archiver) split(hour store.Unarchived) func(yield func(store.Unarchived) bool) {
	return func(yield func(store.Unarchived) bool) {
		for from := hour.From; from < hour.To; from += a.cfg.MaxOffsets {
			if !yield(hour.Part(from, min(from+a.cfg.MaxOffsets, hour.To))) {
				return
			}
		}
	}
}

// copy writes one object, reads it back, and notes it. A range without rows, of dead letters or of a lost log, has no
// object.
func (a *Archiver) copy(ctx context.Context, r store.Unarchived) error {
	ch, db := a.cfg.ClickHouse, a.cfg.Database
	raw, err := store.CheckRaw(ctx, ch, db, r)
	if err != nil {
		return err
	}
	if raw.Rows < r.Rows {
		return fmt.Errorf("raw holds %d rows of the %d that manifests speak of: the rest has expired or was deleted", raw.Rows, r.Rows)
	}
	key := ""
	if raw.Rows > 0 {
		key = objectKey(r)
		if err := a.write(ctx, key, r, raw); err != nil {
			return err
		}
	}
	if err := a.cfg.Fault("note"); err != nil {
		return err
	}
	a.cfg.Metrics.objects.Inc()
	return store.InsertArchived(ctx, ch, db, store.Archived{SrcPart: r.SrcPart, From: r.From, To: r.To, Object: key, Check: raw, Written: a.cfg.Now()})
}

// write lets ClickHouse write an object and reads it back.
func (a *Archiver) write(ctx context.Context, key string, r store.Unarchived, raw store.Check) error {
	object := a.cfg.Bucket.table(key, a.columns)
	if err := a.cfg.Fault("object"); err != nil {
		return err
	}
	if err := a.cfg.ClickHouse.Exec(ctx, store.InsertArchive(a.cfg.Database, object, a.columns, r)); err != nil {
		return fmt.Errorf("write %s: %w", key, a.cfg.Bucket.scrub(err))
	}
	if err := a.cfg.Fault("read back"); err != nil {
		return err
	}
	copied, err := store.CheckArchive(ctx, a.cfg.ClickHouse, object)
	if err != nil {
		return fmt.Errorf("read %s back: %w", key, a.cfg.Bucket.scrub(err))
	}
	if copied != raw {
		return fmt.Errorf("%s was read back with %d rows and another content than the %d of raw", key, copied.Rows, raw.Rows)
	}
	return nil
}

func objectKey(r store.Unarchived) string {
	return fmt.Sprintf("raw/generation=%d/partition=%d/%020d-%020d.parquet", r.SrcPart.Generation(), r.SrcPart.Partition(), r.From, r.To)
}
