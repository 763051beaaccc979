package publishing

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/heartbeats"
)

// View is what one pipeline makes of an object, and who serves it.
type View struct {
	Standing

	Pipeline string // namespace/name, empty where there is no pipeline
	// Err is why the pipeline's catalog is not published at present, nil while it is.
	Err error
	// Trackers are those of the pipeline's catalog, by namespace/name.
	Trackers map[string]Tracker
}

// Tracker is a tracker of a catalog with its processes.
type Tracker struct {
	*catalogpb.Tracker
	heartbeats.Fleet
}

// Passed reports whether all processes of a tracker that live have applied the record, and there is one.
func (v *View) Passed(tracker string) bool {
	return v.Offset >= 0 && v.Trackers[tracker].Passed(v.Key, v.Offset)
}

// Published reports whether the record that should be served is in the log.
func (v *View) Published() bool { return v.Offset >= 0 }

// Views are what the pipelines make of an object, by pipeline; settled is false as long as one of them has
// not judged it: then nothing may be concluded, and Source brings the object back. generation is the one that
// the caller knows of: an older judgement does not count.
//
// Who finds that an object is not served everywhere yet must have called Await before Views.
func (p *Publishing) Views(ref compile.Ref, generation int64) (views []View, settled bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if !p.filled || len(p.states) < max(1, len(p.inboxes)) {
		return nil, false
	}
	settled = true
	for _, s := range p.states {
		if !s.judged {
			settled = false
			continue
		}
		found := s.standings.find(ref)
		if found == nil {
			continue
		}
		settled = settled && found.Generation >= generation
		views = append(views, s.view(found))
	}
	slices.SortFunc(views, func(a, b View) int { return strings.Compare(a.Pipeline, b.Pipeline) })
	return views, settled && len(views) > 0
}

// Best is what the object's own pipeline makes of it: the one that serves it, else the one that finds the
// least wrong with it.
func Best(views []View) *View {
	if len(views) == 0 {
		return nil
	}
	best := slices.MinFunc(views, func(a, b View) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(a.errors(), b.errors()))
	})
	return &best
}

// rank is lower the more a pipeline has to do with the object.
func rank(v *View) int {
	switch {
	case v.Record == nil:
		return 2
	case v.Kept:
		return 1
	}
	return 0
}

func (v *View) errors() int {
	n := 0
	for i := range v.Problems {
		if v.Problems[i].Severity == compile.Error {
			n++
		}
	}
	return n
}

// Trouble names the first pipeline that cannot judge anything, because its log could not be read yet, with the
// error that is in the way; nil while there is none.
func (p *Publishing) Trouble() (pipeline string, err error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for key, s := range p.states {
		if s.judged || s.err == nil {
			continue
		}
		if name := nameOf(key); pipeline == "" || name < pipeline {
			pipeline, err = name, s.err
		}
	}
	return pipeline, err
}

// Await asks for the object to be looked at again when trackers have moved on or a pipeline has recovered.
func (p *Publishing) Await(ref compile.Ref) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[ref] = true
}

// Pipeline is what a pipeline's publisher did last. ok is false as long as it has made no pass.
func (p *Publishing) Pipeline(key types.NamespacedName) (status PipelineState, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s, ok := p.states[key]
	if !ok {
		return PipelineState{}, false
	}
	status = PipelineState{Err: s.err, Judged: s.judged, Offset: s.offset, Trackers: s.fleets(), Generation: s.last, Waits: s.waits}
	if s.follower != nil {
		status.Balance = s.follower.Balance()
	}
	if found := s.standings.find(compile.Ref{Kind: compile.KindPipeline, Namespace: key.Namespace, Name: key.Name}); found != nil {
		status.Standing = *found
	}
	return status, true
}

// PipelineState is what a pipeline's publisher did last.
type PipelineState struct {
	// Standing of the pipeline object itself; zero until Judged.
	Standing Standing
	// Judged says that the log was read and the objects were compiled.
	Judged bool
	// Err is why the catalog is not published, nil while it is: publish.ErrPrefixOwned, publish.ErrTopicReplaced,
	// publish.ErrFenced, ErrSuspended, else Kafka is away or refuses us.
	Err error
	// Offset of the last record that this operator wrote, -1 before.
	Offset int64
	// Trackers of the catalog, by namespace/name.
	Trackers map[string]Tracker
	// Generation of event partitions that was announced last, nil before the first.
	Generation *catalogpb.Generation
	// Waits says that more partitions than Generation has are wanted, and wait until an aggregator tells how new
	// the newest event is.
	Waits bool
	// Balance is what its aggregators found out, zero while none has said so lately.
	Balance heartbeats.Balance
}

func (s *state) view(found *Standing) View {
	return View{Standing: *found, Pipeline: nameOf(s.pipeline), Err: s.err, Trackers: s.fleets()}
}

// fleets are the trackers of the catalog with what their processes report. A heartbeat names the pod alone, which
// is enough: all trackers of a pipeline live in its namespace.
func (s *state) fleets() map[string]Tracker {
	all := make(map[string]Tracker, len(s.trackers))
	var live map[string]heartbeats.Fleet
	if s.follower != nil {
		live = s.follower.Fleets()
	}
	for key, t := range s.trackers {
		all[key] = Tracker{t, live[build.Base(t.GetName())]}
	}
	return all
}

func nameOf(key types.NamespacedName) string {
	if key.Name == "" {
		return ""
	}
	return key.String()
}
