package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/clicktally/clicktally/runtime/ledger/seal"
	"github.com/clicktally/clicktally/runtime/store/sealing"
)

// dueFlags say which periods are sealed when none is named, how long that may take, and where the outcome is told.
type dueFlags struct {
	kind, result string
	within       time.Duration
}

func (f *dueFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.kind, "due", "", "seal every Day, Week or Month that is over with its grace and needs it")
	flags.StringVar(&f.result, "result-file", "", "file for the outcome of --due, as JSON of 4 KiB at most")
	flags.DurationVar(&f.within, "within", 0, "how long --due may take; 0: as long as it does")
}

// runDue seals what is due, and writes the outcome wherever it ends.
func (f *sealFlags) runDue(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	outcome := sealing.Outcome{}
	defer func() {
		if err != nil && !errors.Is(err, errFailed) {
			outcome.Error = err.Error()
		}
		if failed := f.tell(outcome); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	if f.within > 0 {
		var enough context.CancelFunc
		ctx, enough = context.WithTimeoutCause(ctx, f.within, fmt.Errorf("not done within %s", f.within))
		defer enough()
	}
	schedule, err := f.schedule(args)
	if err != nil {
		return err
	}
	s, closeAll, err := f.start(ctx, progress)
	if err != nil {
		return err
	}
	defer closeAll()
	return f.sealDue(ctx, s, schedule, &outcome, out)
}

// schedule is what the flags state.
func (f *sealFlags) schedule(args []string) (seal.Schedule, error) {
	if len(args) > 0 || f.from != "" || f.to != "" {
		return seal.Schedule{}, errors.New("--due finds the periods itself: name none")
	}
	kind, err := seal.ParseKind(f.kind)
	if err != nil {
		return seal.Schedule{}, fmt.Errorf("--due: %w", err)
	}
	zone, err := seal.LoadZone(f.zone)
	return seal.Schedule{Kind: kind, Zone: zone, Grace: f.request.Grace, Billable: f.request.Billable}, err
}

// sealDue seals one period after the other. One that is refused holds no other up; any other error ends the run.
func (f *sealFlags) sealDue(ctx context.Context, s *seal.Sealer, schedule seal.Schedule, o *sealing.Outcome, out io.Writer) error {
	agenda, err := s.Due(ctx, schedule)
	if err != nil {
		return because(ctx, err)
	}
	for _, item := range agenda.Items {
		if err = f.sealItem(ctx, s, item, o, out); err != nil {
			break
		}
	}
	for i, period := range agenda.Expired {
		if i == 0 {
			o.Expired = period.String()
		}
		fmt.Fprintf(out, "%s cannot be sealed any more: raw events of it have expired\n", period)
	}
	if err != nil {
		return errors.Join(because(ctx, err), f.count(ctx, s, schedule, o))
	}
	if err := f.count(ctx, s, schedule, o); err != nil {
		return because(ctx, err)
	}
	if len(agenda.Items) == 0 && len(agenda.Expired) == 0 {
		fmt.Fprintln(out, "nothing is due")
	}
	if o.RefusedPeriods > 0 || o.Expired != "" {
		return errFailed
	}
	return nil
}

// sealItem seals one period, or notes why not.
func (f *sealFlags) sealItem(ctx context.Context, s *seal.Sealer, item seal.Item, o *sealing.Outcome, out io.Writer) error {
	request := f.request
	request.Period, request.Billable = item.Period, item.Billable
	result, err := s.Seal(ctx, request)
	switch {
	case errors.Is(err, seal.ErrNotReady):
		fmt.Fprintf(out, "%s: %v\n", item.Period, err)
		if o.RefusedPeriods++; o.RefusedPeriods == 1 {
			o.Refused, o.Why = item.Period.String(), err.Error()
		}
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", item.Period, err)
	}
	if result.Created {
		o.Created = append(o.Created, result.Revision.Name())
	}
	return f.print(out, result)
}

// count notes how far the schedule has come.
func (f *sealFlags) count(ctx context.Context, s *seal.Sealer, schedule seal.Schedule, o *sealing.Outcome) error {
	periods, newest, err := s.Sealed(context.WithoutCancel(ctx), schedule)
	if err != nil {
		return err
	}
	o.SealedPeriods = int32(periods)
	if newest != nil {
		o.LastRevision, o.LastSealTime = fmt.Sprintf("%s-%d", newest.Period, newest.Revision), newest.At.UTC()
	}
	return nil
}

// because names what ended the run in place of "context deadline exceeded".
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// tell writes the outcome to the file that was named, if any.
func (f *sealFlags) tell(o sealing.Outcome) error {
	if f.result == "" {
		return nil
	}
	text, err := o.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.result, text, 0o600); err != nil {
		return fmt.Errorf("--result-file: %w", err)
	}
	return nil
}
