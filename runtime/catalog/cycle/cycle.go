// Package cycle is one pass from objects to the log, made again and again: open the publisher, compile
// against what the log holds, publish the difference (design 5). The operator and `standalone` share it.
package cycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
)

// Config says where to publish.
type Config struct {
	// Publish is the catalog topic and its owner, which is also written to the pipeline record. Required.
	Publish publish.Config
	// Prepare completes the objects before they are compiled; Previous is there already. Optional.
	Prepare func(ctx context.Context, objects *compile.Objects) error
	// Prove looks after the keys of the log whose objects were not listed, and returns those that are proven
	// to be gone. on is what the log holds. Optional: nothing is proven.
	Prove func(ctx context.Context, absent []string, on map[string]*catalogpb.Record) map[string]bool
}

// Cycle makes passes. It has one user at a time; the zero publisher is opened by the first pass.
type Cycle struct {
	config    Config
	compiler  compile.Compiler
	publisher *publish.Publisher           // nil until opened, and after an error
	last      *publish.Publisher           // the one that was open last, to ask what it held
	held      *catalogpb.Pipeline          // the pipeline record that it held last
	records   map[string]*catalogpb.Record // what the log held when last seen, nil before
}

// Pass is what came of one pass.
type Pass struct {
	Result  compile.Result // empty as long as the log was never read
	Judged  bool           // there is a result
	Changed []string       // keys that were written
	Offset  int64          // of the last record written, -1 when nothing differed
}

// New makes a cycle. The caller closes it.
func New(config Config) *Cycle { return &Cycle{config: config} }

// Run makes one pass. Objects are judged also when they cannot be published, once the log was read: then
// both a result and an error come back.
func (c *Cycle) Run(ctx context.Context, objects compile.Objects) (Pass, error) {
	pass := Pass{Offset: -1}
	err := c.open(ctx)
	if c.records == nil {
		return pass, err
	}
	if err == nil {
		c.held = c.records[catalog.PipelineKey].GetPipeline()
	}
	objects.Previous = c.records
	if err == nil && c.config.Prepare != nil {
		if err = c.config.Prepare(ctx, &objects); err != nil {
			err = fmt.Errorf("prepare: %w", err)
		}
	}
	objects.OwnerCluster, objects.OwnerObject = c.config.Publish.Cluster, c.config.Publish.Object
	pass.Result, pass.Judged = c.compiler.Compile(objects), true
	if err != nil {
		return pass, err
	}
	if gone := c.prove(ctx, pass.Result.Absent); len(gone) > 0 {
		objects.Gone = gone
		pass.Result = c.compiler.Compile(objects)
	}
	outcome, err := c.publisher.Publish(ctx, publish.Batch{Records: pass.Result.Records, Deleted: pass.Result.Deleted})
	err = c.take(&pass, outcome, err)
	return pass, err
}

// Revise publishes edits of single campaigns ahead of the next pass, where that is all that has changed since the last one.
// done is false, and nothing was written, when one of them concerns more than its own record (compile.Compiler.Revise).
func (c *Cycle) Revise(ctx context.Context, edited []*v1alpha1.Campaign) (pass Pass, done bool, err error) {
	pass.Offset = -1
	if c.publisher == nil {
		return pass, false, nil
	}
	records := make([]*catalogpb.Record, len(edited))
	for i, campaign := range edited {
		if records[i] = c.compiler.Revise(campaign); records[i] == nil {
			return pass, false, nil
		}
	}
	outcome, err := c.publisher.Revise(ctx, records)
	err = c.take(&pass, outcome, err)
	return pass, err == nil, err
}

// take takes in what was published; after an error the publisher is of no more use.
func (c *Cycle) take(pass *Pass, outcome publish.Outcome, err error) error {
	if err != nil {
		c.Close()
		return err
	}
	pass.Changed, pass.Offset = outcome.Changed, outcome.Offset
	for _, key := range outcome.Changed {
		if record, _ := c.publisher.Record(key); record != nil {
			c.records[key] = record
		} else {
			delete(c.records, key)
		}
	}
	return nil
}

func (c *Cycle) open(ctx context.Context) error {
	if c.publisher != nil {
		return nil
	}
	publisher, err := publish.Open(ctx, c.config.Publish)
	if err != nil {
		return fmt.Errorf("open publisher: %w", err)
	}
	c.publisher, c.last = publisher, publisher
	c.records = publisher.Records()
	return nil
}

func (c *Cycle) prove(ctx context.Context, absent []string) map[string]bool {
	if len(absent) == 0 || c.config.Prove == nil {
		return nil
	}
	return c.config.Prove(ctx, absent, c.records)
}

// Record is what the log held under key when it was last seen, with its offset, -1 when there is none.
func (c *Cycle) Record(key string) (*catalogpb.Record, int64) {
	if c.last == nil {
		return nil, -1
	}
	return c.last.Record(key)
}

// Repaired says whether whoever fenced this cycle has repaired the catalog and gone, rather than taken office.
func (c *Cycle) Repaired(ctx context.Context) (bool, error) {
	return publish.Repaired(ctx, c.config.Publish, c.held)
}

// Close ends the publisher. The next pass opens another.
func (c *Cycle) Close() {
	if c.publisher != nil {
		c.publisher.Close()
		c.publisher = nil
	}
}

// Lost reports whether an error says that somebody else publishes here: another publisher or another owner.
func Lost(err error) bool {
	return errors.Is(err, publish.ErrFenced) || errors.Is(err, publish.ErrPrefixOwned)
}
