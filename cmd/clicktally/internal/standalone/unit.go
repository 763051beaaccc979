package standalone

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// unit is one running part: stopped by its own context, so that parts stop one after the other, in
// the order in which data flows.
type unit struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // valid once done is closed
}

// units are the parts of one process, in the order of their start.
type units struct {
	list   []*unit
	failed chan *unit
}

func newUnits() *units { return &units{failed: make(chan *unit, 16)} }

// start runs a part until stop; a part that ends before is reported on failed.
func (u *units) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	one := &unit{name: name, cancel: cancel, done: make(chan struct{})}
	u.list = append(u.list, one)
	go func() {
		one.err = run(ctx)
		close(one.done)
		if ctx.Err() == nil {
			u.failed <- one
		}
	}()
}

// wait returns when ctx ends or a part fails; nil for the former.
func (u *units) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case one := <-u.failed:
		if one.err == nil {
			return fmt.Errorf("%s ended by itself", one.name)
		}
		return fmt.Errorf("%s: %w", one.name, one.err)
	}
}

// stop ends the parts one by one, the last started first, each waited for.
func (u *units) stop() error {
	var errs []error
	for _, one := range slices.Backward(u.list) {
		one.cancel()
		<-one.done
		if one.err != nil && !errors.Is(one.err, context.Canceled) {
			errs = append(errs, fmt.Errorf("stop %s: %w", one.name, one.err))
		}
	}
	return errors.Join(errs...)
}
