package compile

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// recordNeeds is the lowest reader level that serves today's records as they are meant.
const recordNeeds = 1

// checked is one object judged on its own and by what it refers to.
type checked struct {
	generation int64             // of the object
	record     *catalogpb.Record // nil when there is an Error
	problems   []Problem
}

func (c *checked) ok() bool { return c.record != nil }

func refOf(kind string, object metav1.Object) Ref {
	return Ref{kind, object.GetNamespace(), object.GetName()}
}

// finish completes the record of an object without errors.
func (r *report) finish(object metav1.Object, record *catalogpb.Record) checked {
	record.Generation, record.Uid, record.Needs = object.GetGeneration(), string(object.GetUID()), recordNeeds
	catalog.SetDigest(record)
	if size := record.SizeVT(); size > catalog.MaxRecord {
		r.invalid("spec", "compiles to %d bytes, at most %d can be served: use fewer or shorter URLs", size, catalog.MaxRecord)
	}
	sortProblems(r.problems)
	if r.errors > 0 {
		return checked{generation: object.GetGeneration(), problems: r.problems}
	}
	return checked{generation: object.GetGeneration(), record: record, problems: r.problems}
}
