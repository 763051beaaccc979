package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

// Ledger judges periods. Its methods are safe for concurrent use.
type Ledger struct {
	cfg     Config
	metrics *metrics

	mu      sync.Mutex // one copy at a time
	boots   *copier
	letters *copier

	schema atomic.Bool // the tables were made
	latest atomic.Pointer[Report]
}

// New checks cfg. It opens nothing.
func New(cfg Config) (*Ledger, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Ledger{cfg: cfg, metrics: newMetrics(cfg.Registry)}
	l.boots, l.letters = newBootCopier(&l.cfg), newLetterCopier(&l.cfg)
	return l, nil
}

// Close lets go of Kafka; Run does it itself.
func (l *Ledger) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.boots.close()
	l.letters.close()
}

// Copy brings heartbeats and dead letters up to the ends of their topics into ClickHouse.
func (l *Ledger) Copy(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.boots.toEnd(ctx), l.letters.toEnd(ctx))
}

// Errors of Check that a caller can do something about.
var (
	// ErrNoCatalog says that the partitions are not known yet.
	ErrNoCatalog = errors.New("the catalog has not arrived yet: which partitions there are is not known")
	// ErrPeriod says that a period cannot be judged.
	ErrPeriod = errors.New("not a period that can be judged")
)

// Check judges whole minutes of event time. say is told what is being done, and may be nil. What
// keeps the period from being balanced is in the report; the error is for what could not be asked.
//
// The order matters: what processes said is read first, then where the log ends, and only when all of
// that is loaded are counters and counts compared. So what was acknowledged before is in raw, or lost.
func (l *Ledger) Check(ctx context.Context, p Period, say func(string)) (*Report, error) {
	c := &l.cfg
	if say == nil {
		say = func(string) {}
	}
	begin := c.Now().UTC()
	p = Period{p.From.UTC(), p.To.UTC()}
	if err := c.allowed(p, begin); err != nil {
		return nil, err
	}
	if err := l.ensure(ctx); err != nil {
		return nil, err
	}
	say("copying heartbeats and dead letters")
	if err := l.Copy(ctx); err != nil {
		return nil, err
	}
	r := &Report{Period: p, At: begin}
	for _, step := range []func(context.Context, *Report, func(string)) error{c.stepComplete, c.stepBoots, c.stepBalance} {
		if err := step(ctx, r, say); err != nil {
			return nil, err
		}
	}
	r.Verdict = verdictOf(p, r.Findings)
	r.took = c.Now().Sub(begin).Round(time.Millisecond)
	r.Took = r.took.String()
	return r, nil
}

// ensure makes the tables where they are missing: an aggregator of an older version has not.
func (l *Ledger) ensure(ctx context.Context) error {
	if l.schema.Load() {
		return nil
	}
	if err := store.EnsureSchema(ctx, l.cfg.ClickHouse, l.cfg.Database, l.cfg.retention()); err != nil {
		return err
	}
	l.schema.Store(true)
	return nil
}

func (c *Config) stepComplete(ctx context.Context, r *Report, say func(string)) error {
	// Before the ends of the log: a boot that reports later has nothing to do with them.
	boots, err := c.bootsOf(ctx, r.Period, r.At)
	if err != nil {
		return err
	}
	say("asking where the log ends")
	parts, found, err := c.completeness(ctx, r.Period, say)
	r.Boots, r.Parts, r.Findings = boots, parts, append(r.Findings, found...)
	return err
}

func (c *Config) stepBoots(ctx context.Context, r *Report, say func(string)) error {
	unheard, err := c.unheard(ctx, r.Period, r.At)
	if err != nil {
		return err
	}
	r.Findings = append(append(r.Findings, openBoots(r.Boots)...), unheard...)
	if floor := r.At.Add(-c.rawWhole()); r.Period.From.Before(floor) {
		r.Findings = append(r.Findings, Finding{
			Kind: RawExpired, To: &floor,
			Message: fmt.Sprintf("lost clicks cannot be looked for before %s: raw of events that were dated back has expired", clock(floor)),
		})
		return nil
	}
	gaps, found, err := c.gaps(ctx, r.Period, r.Boots, r.Parts, say)
	if err != nil {
		return err
	}
	if len(onlyOf(r.Findings, NotLoaded, ManifestMissing, LogUnknown)) > 0 {
		gaps.Loading, found = true, nil
	}
	r.Gaps, r.Findings = gaps, append(r.Findings, found...)
	return nil
}

func (c *Config) stepBalance(ctx context.Context, r *Report, say func(string)) error {
	say("comparing marks with their rows")
	marks, err := c.checkMarks(ctx, r.Period, r.Parts)
	if err != nil {
		return err
	}
	counts, found, err := c.compare(ctx, r.Period, r.Parts, say)
	r.Counts, r.Findings = counts, append(append(r.Findings, marks...), found...)
	return err
}

func onlyOf(findings []Finding, kinds ...Kind) []Finding {
	var some []Finding
	for _, f := range findings {
		for _, k := range kinds {
			if f.Kind == k {
				some = append(some, f)
			}
		}
	}
	return some
}

// allowed refuses what nothing could be said about.
func (c *Config) allowed(p Period, now time.Time) error {
	oldest := now.AddDate(0, 0, -c.retention().RawDays)
	switch {
	case c.Catalog() == nil || c.Catalog().Pipeline() == nil || len(c.Catalog().Generations()) == 0:
		return ErrNoCatalog
	case !p.From.Truncate(time.Minute).Equal(p.From) || !p.To.Truncate(time.Minute).Equal(p.To):
		return fmt.Errorf("%w: %s does not begin and end at whole minutes", ErrPeriod, p)
	case !p.From.Before(p.To):
		return fmt.Errorf("%w: %s is empty", ErrPeriod, p)
	case p.To.After(now):
		return fmt.Errorf("%w: %s ends in the future", ErrPeriod, p)
	case p.From.Before(oldest):
		return fmt.Errorf("%w: minute rows are kept since %s, %s begins before", ErrPeriod, clock(oldest), p)
	}
	return nil
}

func (c *Config) retention() store.Retention {
	if known := c.Catalog(); known != nil && known.Pipeline() != nil {
		p := known.Pipeline()
		return store.Retention{
			RawDays: int(p.GetRawDays()), AggregateDays: int(p.GetAggregateDays()), FraudLogDays: int(p.GetFraudLogDays()),
		}.WithDefaults()
	}
	return store.Retention{}.WithDefaults()
}

// rawMargin is how much longer raw is kept than rawDays.
const rawMargin = 7 * 24 * time.Hour

// rawWhole is for how long raw holds everything that was accepted: an event that its caller dated back
// leaves it earlier, by the pipeline's maxAge.
func (c *Config) rawWhole() time.Duration {
	backdated := time.Duration(c.Catalog().Pipeline().GetMaxAgeMs()) * time.Millisecond
	return time.Duration(c.retention().RawDays)*24*time.Hour + rawMargin - backdated
}
