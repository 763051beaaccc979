// Package compile turns what users write into the records of the catalog (design 5). It is pure and
// deterministic: no client, clock or random number; equal objects in any order give equal bytes.
//
// Every object is judged on its own and by a small index of ids and references. An Error in an
// object keeps its last accepted record, as the log has it; a grant that its owner withdrew takes
// effect at once. The same code runs in the operator, in `standalone` and in `clicktally lint`.
package compile

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Compile compiles everything from scratch.
func Compile(objects Objects) Result { return new(Compiler).Compile(objects) }

// Compiler remembers what it compiled, so that an edit costs one object and a pass over the index. Its
// results are those of Compile. Objects are told apart by their pointers: an object that was passed
// in must never be changed. The zero value is ready; it has one user at a time.
type Compiler struct {
	refs      *refs
	fleets    map[*v1alpha1.Tracker]fleetMemo
	campaigns map[*v1alpha1.Campaign]*campaignMemo // changed in place: a copy of 10,000 costs more than their edit
	served    map[string]*campaignMemo             // of campaigns that are served as written, by the key of their record
	passes    uint64
}

type fleetMemo struct {
	previous *catalogpb.Record
	fleet    *fleet
}

type campaignMemo struct {
	input  campaignInput
	output checked
	key    string // of the record
	pass   uint64 // that asked last
	served bool   // as written
}

// work is one compilation.
type work struct {
	*Objects
	memo      *Compiler
	next      Compiler // what this compilation leaves behind
	pipeline  string
	fleets    map[string]*fleet
	elsewhere map[string]string // trackers of other pipelines
	owners    map[string]string // id -> namespace, from idOwners
	campaigns map[Ref]bool      // made when first asked for
	named     []named           // scratch of campaignInput
	outcomes  map[string][]Outcome
	records   []keyed
	admitted  map[admission]bool
	seen      map[string]bool // keys that an object accounts for
	result    Result
}

// keyed is a record with its key, which is costly to make in every comparison of a sort.
type keyed struct {
	key    string
	record *catalogpb.Record
}

type admission struct {
	fleet     *fleet
	namespace string
}

// Compile compiles objects; see Compiler.
func (m *Compiler) Compile(objects Objects) Result {
	w := &work{
		Objects: &objects, memo: m, fleets: map[string]*fleet{}, elsewhere: map[string]string{},
		owners: map[string]string{}, outcomes: map[string][]Outcome{},
		admitted: map[admission]bool{}, seen: make(map[string]bool, len(objects.Campaigns)),
		next: Compiler{
			fleets: make(map[*v1alpha1.Tracker]fleetMemo, len(objects.Trackers)), campaigns: m.campaigns, served: m.served, passes: m.passes + 1,
		},
	}
	if w.next.campaigns == nil {
		w.next.campaigns = make(map[*v1alpha1.Campaign]*campaignMemo, len(objects.Campaigns))
		w.next.served = make(map[string]*campaignMemo, len(objects.Campaigns))
	}
	w.outcomes[KindCampaign] = make([]Outcome, 0, len(objects.Campaigns))
	w.records = make([]keyed, 0, len(objects.Campaigns)+len(objects.Trackers)+1)
	w.compilePipelines()
	policies := w.compilePolicies()
	w.next.refs = newRefs(&objects, policies)
	if on := objects.Previous[catalog.PipelineKey].GetPipeline(); on != nil && !w.gone(catalog.PipelineKey) {
		w.next.refs.pipelines[on.GetNamespace()+"/"+on.GetName()] = true
	}
	if w.next.refs.equal(m.refs) {
		w.next.refs = m.refs
	}
	w.compileTrackers()
	w.compileSources()
	w.compileCampaigns()
	for _, g := range objects.Generations {
		record := &catalogpb.Record{Needs: recordNeeds, Body: &catalogpb.Record_GenerationRecord{GenerationRecord: g}}
		catalog.SetDigest(record)
		w.keep(catalog.KeyOf(record), record)
	}
	w.leftOver()
	w.finish()
	*m = w.next
	return w.result
}

func (w *work) compilePipelines() {
	list := sorted(w.Pipelines)
	w.pipeline = w.Objects.Pipeline
	on := w.Previous[catalog.PipelineKey].GetPipeline()
	switch {
	case w.pipeline != "":
	case len(list) > 0:
		w.pipeline = list[0].GetNamespace() + "/" + list[0].GetName()
	case on != nil && !w.gone(catalog.PipelineKey): // it cannot be read, and its trackers go on
		w.pipeline = on.GetNamespace() + "/" + on.GetName()
	}
	for _, p := range list {
		if key := p.GetNamespace() + "/" + p.GetName(); key == w.pipeline {
			for _, o := range p.Spec.IDOwners {
				w.owners[string(o.ID)] = string(o.Namespace)
			}
			w.add(refOf(KindPipeline, p), catalog.PipelineKey, checkPipeline(p, w.Objects))
		} else if w.Objects.Pipeline == "" {
			r := report{ref: refOf(KindPipeline, p)}
			r.invalid("metadata.name", "is a second pipeline: only %s is used here", w.pipeline)
			w.add(r.ref, "", checked{generation: p.GetGeneration(), problems: r.problems})
		}
	}
	for _, s := range sorted(w.Schedules) {
		w.add(refOf(KindSchedule, s), "", checkSchedule(s, w.Standalone))
	}
}

// compilePolicies returns the namespace/name of the policies that are served.
func (w *work) compilePolicies() map[string]bool {
	served := map[string]bool{}
	for _, p := range sorted(w.Policies) {
		if w.add(refOf(KindFraudPolicy, p), catalog.PolicyKey(p.GetNamespace(), p.GetName()), checkPolicy(p)) != nil {
			served[p.GetNamespace()+"/"+p.GetName()] = true
		}
	}
	for key, record := range w.Previous { // not listed, and not proven to be gone
		if p := record.GetPolicy(); p != nil && !w.seen[key] && !w.gone(key) {
			served[p.GetNamespace()+"/"+p.GetName()] = true
		}
	}
	return served
}

func (w *work) compileTrackers() {
	for _, t := range sorted(w.Trackers) {
		pipeline := t.GetNamespace() + "/" + string(t.Spec.PipelineRef.Name)
		key := catalog.TrackerKey(t.GetNamespace(), t.GetName())
		if w.next.refs.pipelines[pipeline] && pipeline != w.pipeline {
			w.elsewhere[t.GetNamespace()+"/"+t.GetName()] = pipeline
			continue
		}
		previous := w.Previous[key]
		memo, known := w.memo.fleets[t]
		if !known || memo.previous != previous || w.next.refs != w.memo.refs {
			fresh := newFleet(t, previous, w.next.refs)
			if !known || !fresh.equal(memo.fleet) { // else its campaigns need no second look
				memo.fleet = fresh
			}
			memo.previous = previous
		}
		w.next.fleets[t] = memo
		w.fleets[memo.fleet.key] = memo.fleet
		w.add(refOf(KindTracker, t), key, memo.fleet.checked)
	}
}

func (w *work) compileSources() {
	for _, s := range sorted(w.Sources) {
		w.add(refOf(KindTrafficSource, s), catalog.SourceKey(s.GetNamespace(), s.GetName()), checkSource(s))
	}
}

// add notes the outcome of an object that owns its key, and returns what is served.
func (w *work) add(ref Ref, key string, c checked) *catalogpb.Record {
	outcome := Outcome{Ref: ref, Generation: c.generation, Key: key, Record: c.record, Problems: c.problems}
	if key != "" {
		w.seen[key] = true
		if outcome.Record == nil {
			outcome.Record = w.Previous[key]
			outcome.Kept = outcome.Record != nil
		}
		w.keep(key, outcome.Record)
	}
	w.outcomes[ref.Kind] = append(w.outcomes[ref.Kind], outcome)
	return outcome.Record
}

func (w *work) keep(key string, record *catalogpb.Record) {
	if record != nil {
		w.seen[key] = true
		w.records = append(w.records, keyed{key, record})
	}
}

func (w *work) finish() {
	r := &w.result
	n := 0
	for _, list := range w.outcomes {
		n += len(list)
	}
	r.Outcomes = make([]Outcome, 0, n)
	for _, kind := range slices.Sorted(maps.Keys(w.outcomes)) { // objects came in order of namespace and name
		r.Outcomes = append(r.Outcomes, w.outcomes[kind]...)
	}
	for i := range r.Outcomes {
		r.Problems = append(r.Problems, r.Outcomes[i].Problems...)
	}
	slices.SortFunc(w.records, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	r.Records = make([]*catalogpb.Record, len(w.records))
	for i := range w.records {
		r.Records[i] = w.records[i].record
	}
	slices.Sort(r.Deleted)
	slices.Sort(r.Absent)
}

// PipelinesOf returns the namespace/name of the pipelines in objects, sorted: one compilation each.
func PipelinesOf(objects Objects) []string {
	keys := map[string]bool{}
	for _, p := range objects.Pipelines {
		keys[p.GetNamespace()+"/"+p.GetName()] = true
	}
	return slices.SortedFunc(maps.Keys(keys), cmp.Compare[string])
}
