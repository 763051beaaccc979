package repair

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/store"
)

const (
	// minutesPerStatement bounds one statement of a restate.
	minutesPerStatement = 64
	// maxRounds bounds how often minutes that went on being loaded are computed again. Workers follow the
	// raised epoch within a second, so more than two are rare.
	maxRounds = 20
)

// Range says which minutes to restate, who asks for it and why.
type Range struct {
	From, To   time.Time // [From, To), whole minutes
	Campaign   string    // only minutes in which it has events; all of such a minute is computed
	Reason, By string
	Stated     int // visitor-stated combinations, as the workers have it; default store.MaxStated
	// Progress is told how many of the minutes are done; optional.
	Progress func(done, total int)
}

// Restated is what a restate changed, or would change.
type Restated struct {
	ID            uuid.UUID
	Epoch         uint16 // 0 of a dry run
	Minutes       int    // (src_part, minute) that were computed
	Before, After map[string]*store.Counts
}

// ErrRange says that a range cannot be restated.
var ErrRange = errors.New("range cannot be restated")

// Compare says what a restate of the range would change, and writes nothing.
func (p *Pipeline) Compare(ctx context.Context, r Range) (Restated, error) {
	return p.restate(ctx, r, func(_ context.Context, cuts []store.Cut) (map[string]*store.Counts, error) {
		return store.CountsRestated(ctx, p.ClickHouse, p.Database, stated(r), cuts)
	})
}

// Restate computes the minutes of the range again from raw under a raised epoch: the one way for
// totals to fall. What vanished is written as zeros. It may be interrupted anywhere; repeated, it ends
// in the same rows under yet another epoch.
func (p *Pipeline) Restate(ctx context.Context, r Range) (Restated, error) {
	if r.Reason == "" || r.By == "" {
		return Restated{}, fmt.Errorf("%w: state who restates it and why", ErrRange)
	}
	note := store.Restatement{
		ID: uuid.New(), From: r.From, To: r.To, Campaign: r.Campaign, Reason: r.Reason, By: r.By, Started: p.now(), Written: p.now(),
	}
	if _, err := p.checkRange(ctx, r); err != nil {
		return Restated{}, err
	}
	record := func() error { return store.InsertRestatement(ctx, p.ClickHouse, p.Database, note) }
	if err := p.step("note", record); err != nil {
		return Restated{}, fmt.Errorf("note the restatement: %w", err)
	}
	err := p.step("epoch", func() (err error) { note.Epoch, err = p.raiseEpoch(ctx); return err })
	if err != nil {
		return Restated{}, err
	}
	done, err := p.restate(ctx, r, func(ctx context.Context, cuts []store.Cut) (map[string]*store.Counts, error) {
		if err := p.write(ctx, note.Epoch, stated(r), cuts); err != nil {
			return nil, err
		}
		return store.CountsAtMarks(ctx, p.ClickHouse, p.Database, cuts)
	})
	if err != nil {
		return done, err
	}
	if err := p.settle(ctx, r, note.Epoch); err != nil {
		return done, err
	}
	if err := p.step("live", func() error { return p.publishLive(ctx, r, note.Epoch) }); err != nil {
		return done, err
	}
	done.ID, done.Epoch = note.ID, note.Epoch
	note.Finished, note.Written, note.Minutes = p.now(), p.now(), uint64(done.Minutes)
	note.Before, note.After = sum(done.Before), sum(done.After)
	if err := p.step("finish", record); err != nil {
		return done, fmt.Errorf("note the end of the restatement: %w", err)
	}
	return done, nil
}

// restate goes through the minutes of the range, statement by statement: what is counted before, and
// what each answers that it is after.
func (p *Pipeline) restate(ctx context.Context, r Range, each func(context.Context, []store.Cut) (map[string]*store.Counts, error)) (Restated, error) {
	minutes, err := p.checkRange(ctx, r)
	done := Restated{Before: map[string]*store.Counts{}, After: map[string]*store.Counts{}}
	if err != nil {
		return done, err
	}
	for total := len(minutes); len(minutes) > 0; {
		cuts := minutes[:min(minutesPerStatement, len(minutes))]
		minutes = minutes[len(cuts):]
		if err := p.cut(ctx, cuts); err != nil {
			return done, err
		}
		before, err := store.CountsAtMarks(ctx, p.ClickHouse, p.Database, cuts)
		if err != nil {
			return done, err
		}
		after, err := each(ctx, cuts)
		if err != nil {
			return done, err
		}
		add(done.Before, before)
		add(done.After, after)
		done.Minutes += len(cuts)
		if r.Progress != nil {
			r.Progress(done.Minutes, total)
		}
	}
	return done, nil
}

// checkRange refuses a range whose raw is not whole any more, and lists its minutes.
func (p *Pipeline) checkRange(ctx context.Context, r Range) ([]store.Cut, error) {
	switch {
	case !r.From.Before(r.To):
		return nil, fmt.Errorf("%w: it must begin before it ends, not from %s to %s", ErrRange, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	case !r.From.Truncate(time.Minute).Equal(r.From) || !r.To.Truncate(time.Minute).Equal(r.To):
		return nil, fmt.Errorf("%w: it is made of whole minutes", ErrRange)
	}
	records, err := p.Records(ctx)
	if err != nil {
		return nil, err
	}
	days := int(records[catalog.PipelineKey].GetPipeline().GetRawDays())
	if oldest := p.now().AddDate(0, 0, -days); r.From.Before(oldest) {
		return nil, fmt.Errorf("%w: raw events are kept %d days, and without them totals would fall to nothing; begin after %s",
			ErrRange, days, oldest.UTC().Format(time.RFC3339))
	}
	return store.MinutesWithin(ctx, p.ClickHouse, p.Database, r.From, r.To, r.Campaign)
}

// cut puts the cuts where the load stands now.
func (p *Pipeline) cut(ctx context.Context, cuts []store.Cut) error {
	positions, err := store.ReadPositions(ctx, p.ClickHouse, p.Database, partsOf(cuts))
	if err != nil {
		return err
	}
	for i := range cuts {
		cuts[i].Offset = positions[cuts[i].SrcPart]
	}
	return nil
}

func stated(r Range) int { return cmp.Or(r.Stated, store.MaxStated) }

func sum(counts map[string]*store.Counts) *store.Counts {
	all := &store.Counts{}
	for _, c := range counts {
		all.Add(c)
	}
	return all
}

func add(to, from map[string]*store.Counts) {
	for campaign, c := range from {
		if to[campaign] == nil {
			to[campaign] = &store.Counts{}
		}
		to[campaign].Add(c)
	}
}
