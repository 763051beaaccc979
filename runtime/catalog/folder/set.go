package folder

import (
	"fmt"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Set is what a folder holds.
type Set struct {
	// Objects are ready for the compiler; Complete and Broken are set.
	Objects compile.Objects
	// Secrets are the values by namespace/name and key.
	Secrets map[string]map[string][]byte
	// Problems are those of reading: files, YAML, schema. Sorted by file and line.
	Problems []Problem
	// Files counts the files that were looked at, BadFiles those with an Error in reading.
	Files, BadFiles int

	documents map[compile.Ref]*document
}

// add takes a file's documents in; an object that is already there stays.
func (s *Set) add(f *file) {
	s.Files++
	s.Problems = append(s.Problems, f.problems...)
	if f.unreadable {
		s.Objects.Complete = false
	}
	bad := false
	for i := range f.problems {
		bad = bad || f.problems[i].Severity == compile.Error
	}
	for _, ref := range f.broken {
		if s.Objects.Broken == nil {
			s.Objects.Broken = map[compile.Ref]bool{}
		}
		s.Objects.Broken[ref] = true
	}
	for _, d := range f.documents {
		if first := s.documents[d.ref]; first != nil {
			s.Problems = append(s.Problems, d.problem("metadata.name",
				fmt.Sprintf("%s is also at %s:%d, which is used", d.ref, first.file, first.line("metadata.name"))))
			bad = true
			continue
		}
		s.documents[d.ref] = d
		s.addObject(d.object)
	}
	if bad {
		s.BadFiles++
	}
}

func (s *Set) addObject(object any) {
	o := &s.Objects
	switch object := object.(type) {
	case *v1alpha1.Campaign:
		o.Campaigns = append(o.Campaigns, object)
	case *v1alpha1.FraudPolicy:
		o.Policies = append(o.Policies, object)
	case *v1alpha1.AggregationPipeline:
		o.Pipelines = append(o.Pipelines, object)
	case *v1alpha1.BillingSchedule:
		o.Schedules = append(o.Schedules, object)
	case *v1alpha1.Tracker:
		o.Trackers = append(o.Trackers, object)
	case *v1alpha1.TrafficSource:
		o.Sources = append(o.Sources, object)
	case *Namespace:
		o.Namespaces[object.Name] = object.Labels
	case *Secret:
		s.Secrets[object.Namespace+"/"+object.Name] = object.Data
	}
}

// Locate adds file and line to a problem of the compiler. The fields it names stand as they are in
// the file; a field that is left out there has the line of what should hold it.
func (s *Set) Locate(p compile.Problem) Problem {
	d := s.documents[p.Ref]
	if d == nil {
		return Problem{Problem: p}
	}
	return Problem{Problem: p, File: d.file, Line: d.line(p.Field)}
}

// All returns the problems of reading and those of a compilation, sorted by file and line.
func (s *Set) All(result compile.Result) []Problem {
	list := append([]Problem(nil), s.Problems...)
	for _, p := range result.Problems {
		list = append(list, s.Locate(p))
	}
	SortProblems(list)
	return list
}
