// Package local makes a folder of YAML the source of a catalog: read, compile, publish, and again at
// every change. It is what the operator does for a cluster, in one loop.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/cycle"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
)

const (
	// rescan is how often the folder is looked at without a notification.
	rescan = 30 * time.Second
	// retry is how soon a failed publication is tried again.
	retry = time.Second
)

// Config says what to read and where to publish.
type Config struct {
	// Dirs are the folders. Required.
	Dirs []string
	// Schema judges objects before the compiler does; config/crd's Validator. Optional.
	Schema folder.Schema
	// Publish is the catalog topic and its owner. The owner is also written to the pipeline record.
	Publish publish.Config
	// Prepare completes what was read before it is compiled: Topics, Generations, Standalone and what
	// else the folder cannot know; Previous is there already. It is called every time. Optional.
	Prepare func(ctx context.Context, set *folder.Set) error
	// Report is called after every pass that found a change or failed, and after the first. Optional.
	Report func(Report)
	// Log is required.
	Log *slog.Logger
}

// Report tells what came of one pass.
type Report struct {
	Set      *folder.Set
	Result   compile.Result
	Problems []folder.Problem // of reading and compiling, sorted by file and line
	Changed  []string         // keys that were written
	Offset   int64            // of the last record written, -1 when nothing differed
	Err      error            // why nothing could be published; the pass is repeated
}

// source is a running loop.
type source struct {
	config   Config
	loader   folder.Loader
	set      *folder.Set // what was read last
	cycle    *cycle.Cycle
	reported string // of the last report, to find out whether there is news
}

// Run publishes the folder and what changes in it until ctx ends, then returns nil. It returns an
// error only when going on makes no sense: the folder cannot be watched, or another publisher, owner
// or topic has taken over.
func Run(ctx context.Context, config Config) error {
	watcher, err := folder.NewWatcher(config.Dirs...)
	if err != nil {
		return err
	}
	defer func() { _ = watcher.Close() }()
	s := &source{config: config, loader: folder.Loader{Schema: config.Schema}}
	s.cycle = cycle.New(cycle.Config{Publish: config.Publish, Prepare: s.prepare})
	defer s.cycle.Close()
	for {
		wait, err := s.step(ctx)
		if err != nil {
			return err
		}
		paths, err := watcher.Next(ctx, wait)
		if stopped := ctx.Err() != nil; stopped {
			return nil
		}
		if err != nil {
			return err
		}
		for _, path := range paths {
			s.loader.Forget(path)
		}
	}
}

// step makes a pass and says when to look again; its error ends the loop.
func (s *source) step(ctx context.Context) (wait time.Duration, err error) {
	switch err = s.pass(ctx); {
	case err == nil:
		return rescan, nil
	case errors.Is(err, publish.ErrFenced) && s.repaired(ctx):
		s.config.Log.Info("the catalog was repaired under us, going on with it")
		return retry, nil
	case cycle.Lost(err): // a topic that was replaced is not final: `clicktally recover` acknowledges it
		return 0, err
	}
	if ctx.Err() == nil {
		s.config.Log.Error("catalog is not published", "error", err, "again", retry)
	}
	return retry, nil
}

// repaired says whether whoever fenced us has repaired the catalog and gone, rather than taken office.
func (s *source) repaired(ctx context.Context) bool {
	repaired, err := s.cycle.Repaired(ctx)
	if err != nil {
		s.config.Log.Error("cannot see who fenced us", "error", err)
	}
	return repaired
}

// pass reads, compiles and publishes once.
func (s *source) pass(ctx context.Context) error {
	s.set = s.loader.Load(ctx, s.config.Dirs...)
	pass, err := s.cycle.Run(ctx, s.set.Objects)
	report := Report{Set: s.set, Result: pass.Result, Changed: pass.Changed, Offset: pass.Offset, Err: err}
	report.Problems = report.Set.All(report.Result)
	if news := fmt.Sprint(report.Problems, report.Result.Absent, report.Err); news != s.reported || len(report.Changed) > 0 {
		s.reported = news
		if s.config.Report != nil {
			s.config.Report(report)
		}
	}
	return report.Err
}

// prepare lets the caller complete what was read: the set is what is reported.
func (s *source) prepare(ctx context.Context, objects *compile.Objects) error {
	s.set.Objects.Previous = objects.Previous
	if s.config.Prepare != nil {
		if err := s.config.Prepare(ctx, s.set); err != nil {
			return err
		}
	}
	*objects = s.set.Objects
	return nil
}

// Pipeline returns the pipeline of a set that a compilation uses, nil when it has none.
func Pipeline(set *folder.Set) *v1alpha1.AggregationPipeline {
	var first *v1alpha1.AggregationPipeline
	for _, p := range set.Objects.Pipelines {
		if first == nil || p.Namespace+"/"+p.Name < first.Namespace+"/"+first.Name {
			first = p
		}
	}
	return first
}
