package seal

import (
	"context"
	"fmt"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

// Revision is a content as it was sealed.
type Revision struct {
	Content
	Number     uint32 // from 1
	Hash       string // of the content
	Method     uint16
	Overridden []string // findings that were let pass
	Who        string
	At         time.Time
}

// Name is period-revision, under which a revision is created once.
func (r *Revision) Name() string { return fmt.Sprintf("%s-%d", r.Period, r.Number) }

// next creates the revision after the last one, or returns the last when it bills the same.
func (s *Sealer) next(ctx context.Context, r *Request, c *Content, overridden []string) (*Result, error) {
	revisions, err := store.ReadSealed(ctx, s.cfg.ClickHouse, s.cfg.Database, r.Period.String())
	if err != nil {
		return nil, err
	}
	revision := &Revision{
		Content: *c, Number: 1, Hash: c.Hash(), Method: Method, Overridden: overridden, Who: r.Who,
		At: s.cfg.Now().UTC().Truncate(time.Millisecond),
	}
	var before []store.BillLine
	if n := len(revisions); n > 0 {
		last, err := Read(ctx, Raw{ClickHouse: s.cfg.ClickHouse, Database: s.cfg.Database}, r.Period, revisions[n-1].Revision)
		if err != nil {
			return nil, err
		}
		if revisions[n-1].Totals == c.Totals() {
			return &Result{Revision: last}, nil
		}
		if err := notBehind(last, c); err != nil {
			return nil, err
		}
		revision.Number, before = last.Number+1, last.Lines
	}
	result := &Result{Revision: revision, Adjustments: Adjust(before, c.Lines)}
	if r.DryRun {
		return result, nil
	}
	r.Say("sealing " + revision.Name())
	result.Created = true
	return result, s.create(ctx, revision)
}

// notBehind refuses a revision that saw less of the log than the one before it: a sealer that was paused.
func notBehind(last *Revision, c *Content) error {
	for part, cut := range last.Cuts {
		if c.Cuts[part] < cut {
			return fmt.Errorf("%w: %s was counted up to offset %d of partition %d of generation %d, this is up to %d",
				ErrTaken, last.Name(), cut, part.Partition(), part.Generation(), c.Cuts[part])
		}
	}
	return nil
}

// create writes the lines and then the revision, and reads back which content has the name now. Another writer of
// the same content changes nothing; one of another content that came first is an error.
func (s *Sealer) create(ctx context.Context, r *Revision) error {
	ch, db := s.cfg.ClickHouse, s.cfg.Database
	if err := s.cfg.Fault("lines"); err != nil {
		return err
	}
	if err := store.InsertSealedLines(ctx, ch, db, r.Hash, r.Lines); err != nil {
		return err
	}
	if err := s.cfg.Fault("revision"); err != nil {
		return err
	}
	row := &store.Sealed{
		Period: r.Period.String(), Revision: r.Number, From: r.Period.From.UTC(), To: r.Period.To.UTC(), Zone: r.Period.Zone.String(),
		Hash: r.Hash, Totals: r.Totals(), Method: r.Method, Billable: r.Billable, Cuts: r.Cuts, Policies: r.Policies,
		Lines: uint64(len(r.Lines)), Overridden: r.Overridden, Who: r.Who, At: r.At,
	}
	if err := store.InsertSealed(ctx, ch, db, row); err != nil {
		return err
	}
	if err := s.cfg.Fault("read back"); err != nil {
		return err
	}
	sealed, err := Read(ctx, Raw{ClickHouse: ch, Database: db}, r.Period, r.Number)
	if err != nil {
		return err
	}
	if sealed.Hash != r.Hash {
		return fmt.Errorf("%w: %s has the hash %.12s, this content %.12s", ErrTaken, r.Name(), sealed.Hash, r.Hash)
	}
	*r = *sealed
	return nil
}

// Read returns a revision of a period, the last one for 0. It fails when what is stored is not what was sealed.
func Read(ctx context.Context, from Raw, p Period, number uint32) (*Revision, error) {
	rows, err := store.ReadSealed(ctx, from.ClickHouse, from.Database, p.String())
	if err != nil {
		return nil, err
	}
	var row *store.Sealed
	for i := range rows {
		if i > 0 && rows[i].Revision == rows[i-1].Revision {
			return nil, fmt.Errorf("%s-%d is stored twice: sealed periods were written to by something else", p, rows[i].Revision)
		}
		if number == 0 || rows[i].Revision == number {
			row = &rows[i]
		}
	}
	if row == nil {
		return nil, fmt.Errorf("%w: %s", ErrNotSealed, p)
	}
	lines, err := store.ReadSealedLines(ctx, from.ClickHouse, from.Database, row.Hash)
	if err != nil {
		return nil, err
	}
	r := &Revision{
		Content: Content{Period: p, Billable: row.Billable, Cuts: row.Cuts, Policies: row.Policies, Lines: lines},
		Number:  row.Revision, Hash: row.Hash, Method: row.Method, Overridden: row.Overridden, Who: row.Who, At: row.At.UTC(),
	}
	if row.Method == Method && r.Content.Hash() != row.Hash {
		return nil, fmt.Errorf("%s is not what was sealed: its content hashes to %.12s, and %.12s was sealed", r.Name(), r.Content.Hash(), row.Hash)
	}
	return r, nil
}

// Rederive counts a sealed revision again over raw or an archive, and fails when it is another content.
func Rederive(ctx context.Context, from Raw, r *Revision) error {
	if r.Method != Method {
		return fmt.Errorf("%s was made by method %d, this version knows %d", r.Name(), r.Method, Method)
	}
	again, err := from.Derive(ctx, r.Period, r.Billable, r.Cuts)
	if err != nil {
		return err
	}
	if again.Hash() == r.Hash {
		return nil
	}
	return fmt.Errorf("%s is not what raw says: %d lines differ", r.Name(), len(Adjust(r.Lines, again.Lines)))
}
