// Package seal states the totals of a period for good (design 6.5): a revision is counted over raw at a vector of cuts,
// carries the hash of its content, and is created once. What comes later makes the next revision, and bills take
// the difference.
package seal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/store"
)

// Checker judges whether a period is complete and balanced, from the log and the catalog: *ledger.Ledger.
type Checker interface {
	Check(ctx context.Context, p ledger.Period, say func(string)) (*ledger.Report, error)
}

// Config says what a Sealer reads and writes. ClickHouse, Database, Catalog and Checker are required.
type Config struct {
	ClickHouse driver.Conn
	Database   string
	Catalog    func() *catalog.Catalog
	Checker    Checker
	RowsAtOnce uint64 // raw events that one statement counts; default 4 million
	Log        *slog.Logger
	Now        func() time.Time // default time.Now
	// Fault is called before each effect with its name; an error stands for a process that dies there. Tests only.
	Fault func(effect string) error
}

// Sealer seals periods. It is safe for concurrent use, also by several processes.
type Sealer struct{ cfg Config }

// New checks cfg. It opens nothing.
func New(cfg Config) (*Sealer, error) {
	if cfg.ClickHouse == nil || cfg.Database == "" || cfg.Catalog == nil || cfg.Checker == nil {
		return nil, errors.New("seal: ClickHouse, a database, a catalog and a checker are required")
	}
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Fault == nil {
		cfg.Fault = func(string) error { return nil }
	}
	return &Sealer{cfg: cfg}, nil
}

// Request says what to seal.
type Request struct {
	Period Period
	// Grace is how long after its end a period waits for late events.
	Grace time.Duration
	// Billable are the statuses that are billed; default Valid and Suspicious.
	Billable []string
	// Override names boots (id in hex, or pod) whose findings finance lets pass.
	Override []string
	// Who seals, for the record.
	Who string
	// DryRun counts and compares, and writes nothing: minutes that wait are not forced either.
	DryRun bool
	// Say is told what is being done; may be nil.
	Say func(string)
}

// Result is what a seal came to.
type Result struct {
	Revision *Revision
	// Created is false when the last revision states the same already, and in a dry run.
	Created bool
	// Adjustments are the differences to the revision before; all lines of a first one.
	Adjustments []store.BillLine
}

// Errors that a caller can do something about.
var (
	// ErrNotReady says that the period is not complete or not balanced; it names what is in the way.
	ErrNotReady = errors.New("the period cannot be sealed")
	// ErrNotSealed says that a period or a revision does not exist.
	ErrNotSealed = errors.New("not sealed")
	// ErrTaken says that another content was sealed under the same name.
	ErrTaken = errors.New("another content is sealed under this name")
)

// Seal checks the period, counts it over raw and creates its next revision, unless the last one states the same.
func (s *Sealer) Seal(ctx context.Context, r Request) (*Result, error) {
	if r.Say == nil {
		r.Say = func(string) {}
	}
	if len(r.Billable) == 0 {
		r.Billable = []string{event.Status_STATUS_VALID.Name(), event.Status_STATUS_SUSPICIOUS.Name()}
	}
	for _, status := range r.Billable {
		if _, known := event.ParseStatus(status); !known {
			return nil, fmt.Errorf("billable status %q: write Valid, Suspicious or Fraudulent", status)
		}
	}
	if _, err := r.Period.name(); err != nil {
		return nil, err
	}
	if due := r.Period.To.Add(r.Grace); s.cfg.Now().Before(due) {
		return nil, fmt.Errorf("%w: its grace ends at %s", ErrNotReady, due.UTC().Format(time.RFC3339))
	}
	cuts, overridden, err := s.ready(ctx, &r)
	if err != nil {
		return nil, err
	}
	r.Say("counting raw")
	raw := Raw{ClickHouse: s.cfg.ClickHouse, Database: s.cfg.Database, RowsAtOnce: s.cfg.RowsAtOnce}
	content, err := raw.Derive(ctx, r.Period, r.Billable, cuts)
	if err != nil {
		return nil, err
	}
	return s.next(ctx, &r, content, overridden)
}

// ready brings minutes that wait up to date, and returns the cuts: how far each partition is loaded, which the check
// found to be no less than the log's end when it began.
func (s *Sealer) ready(ctx context.Context, r *Request) (cuts map[event.SrcPart]uint64, overridden []string, err error) {
	c := s.cfg.Catalog()
	if c == nil {
		return nil, nil, ledger.ErrNoCatalog
	}
	parts := partitions(c, r.Period)
	if !r.DryRun {
		r.Say("computing minutes that wait")
		if err := s.force(ctx, r.Period, parts, uint16(c.Pipeline().GetEpoch())); err != nil {
			return nil, nil, err
		}
	}
	report, err := s.cfg.Checker.Check(ctx, ledger.Period{From: r.Period.From, To: r.Period.To}, r.Say)
	if err != nil {
		return nil, nil, err
	}
	held, passed := overriding(report.Findings, r.Override)
	if len(held) > 0 {
		return nil, nil, fmt.Errorf("%w: %s", ErrNotReady, strings.Join(held, "; "))
	}
	cuts = make(map[event.SrcPart]uint64, len(parts))
	for _, p := range report.Parts {
		cuts[event.SrcPart(p.SrcPart)] = p.Loaded
	}
	return cuts, passed, s.covers(parts, cuts)
}

// covers holds the cuts against the catalog once more: a partition without a cut would be left out of the bill, and
// nobody would miss what is unread in its log.
func (s *Sealer) covers(parts []event.SrcPart, cuts map[event.SrcPart]uint64) error {
	for _, part := range parts {
		if _, known := cuts[part]; !known {
			return fmt.Errorf("%w: nothing was said about partition %d of generation %d, which the period lies in", ErrNotReady, part.Partition(), part.Generation())
		}
	}
	if len(cuts) != len(parts) {
		return fmt.Errorf("%w: %d partitions were checked, and the period lies in %d", ErrNotReady, len(cuts), len(parts))
	}
	return nil
}

// partitions are those of every generation whose time the period meets, by the catalog.
func partitions(c *catalog.Catalog, p Period) []event.SrcPart {
	var parts []event.SrcPart
	generations := c.Generations()
	for i, g := range generations {
		if i > 0 && g.GetStartMs() >= p.To.UnixMilli() {
			break
		}
		if i+1 < len(generations) && generations[i+1].GetStartMs() <= p.From.UnixMilli() {
			continue
		}
		for n := range g.GetPartitions() {
			parts = append(parts, event.NewSrcPart(g.GetNumber(), n))
		}
	}
	return parts
}

// overridable are findings about one boot: what it had may never come, and somebody must decide. All others are
// about what is stored, and have a remedy.
var overridable = []ledger.Kind{ledger.JournalOpen, ledger.BootUnheard, ledger.ClicksLost}

// overriding parts findings into those that hold the seal and those that were overridden by name.
func overriding(findings []ledger.Finding, names []string) (held, passed []string) {
	for i := range findings {
		f := &findings[i]
		named := f.Boot != "" && slices.Contains(names, f.Boot) || f.Pod != "" && slices.Contains(names, f.Pod)
		if named && slices.Contains(overridable, f.Kind) {
			passed = append(passed, string(f.Kind)+": "+f.Message)
			continue
		}
		held = append(held, string(f.Kind)+": "+f.Message)
	}
	return held, passed
}

// minutesAtOnce bounds one statement that computes minutes.
const minutesAtOnce = 64

// force computes the period's minutes that wait to be computed again, as any aggregator may at any time.
func (s *Sealer) force(ctx context.Context, p Period, parts []event.SrcPart, epoch uint16) error {
	ch, db := s.cfg.ClickHouse, s.cfg.Database
	loaded, err := store.ReadLoaded(ctx, ch, db, parts, p.To.Unix(), p.From.Unix())
	if err != nil {
		return err
	}
	var cuts []store.Cut
	for part, l := range loaded {
		for minute := range l.Dirty {
			if minute < p.To.Unix() {
				cuts = append(cuts, store.Cut{SrcPart: part, Minute: minute, Offset: l.Position})
			}
		}
	}
	for batch := range slices.Chunk(cuts, minutesAtOnce) {
		if err := s.cfg.Fault("minutes"); err != nil {
			return err
		}
		if err := ch.Exec(ctx, store.InsertMinutes(db, epoch, store.MaxStated, batch)); err != nil {
			return fmt.Errorf("compute %d minutes: %w", len(batch), err)
		}
		if err := ch.Exec(ctx, store.InsertMarks(db, s.cfg.Now(), batch)); err != nil {
			return fmt.Errorf("mark %d minutes: %w", len(batch), err)
		}
	}
	return nil
}
