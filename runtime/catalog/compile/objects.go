package compile

import (
	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Kinds of objects, as users write them.
const (
	KindCampaign      = "Campaign"
	KindFraudPolicy   = "FraudPolicy"
	KindPipeline      = "AggregationPipeline"
	KindSchedule      = "BillingSchedule"
	KindTracker       = "Tracker"
	KindTrafficSource = "TrafficSource"
)

// Objects is all that a compilation depends on. Nothing in it is changed.
type Objects struct {
	Campaigns []*v1alpha1.Campaign
	Policies  []*v1alpha1.FraudPolicy
	Pipelines []*v1alpha1.AggregationPipeline
	Schedules []*v1alpha1.BillingSchedule
	Sources   []*v1alpha1.TrafficSource
	Trackers  []*v1alpha1.Tracker

	// Namespaces are the labels of namespaces, for selectors.
	Namespaces map[string]map[string]string
	// Pipeline is the namespace/name of the pipeline whose catalog this is. Empty: the only one, or
	// the first by name.
	Pipeline string
	// Previous is what the log holds, by key: what was accepted last.
	Previous map[string]*catalogpb.Record
	// Complete says that an object that is not listed does not exist.
	Complete bool
	// Broken are objects that exist and cannot be read: their last accepted records stay.
	Broken map[Ref]bool
	// Gone are keys whose object is proven not to exist, for a caller that is not Complete.
	Gone map[string]bool
	// Partial says that trackers and pipelines may exist elsewhere, as for `lint` in a campaign team's
	// repository: what names them is not checked, and a Notice says so.
	Partial bool
	// Standalone says that everything runs in one process, so that fields about workloads do nothing.
	Standalone bool
	// Namespaced says that only some namespaces are looked into: nobody can tell which others a Tracker would admit.
	Namespaced bool

	// OwnerCluster and OwnerObject are the owner that the pipeline record names.
	OwnerCluster, OwnerObject string
	// Topics are the ids of the pipeline's Kafka topics.
	Topics []*catalogpb.TopicID
	// Generations are the sets of event partitions.
	Generations []*catalogpb.Generation
	// Epoch of computed rows; 0 keeps the one on record, and 1 is the first.
	Epoch uint32
}

// Ref names an object.
type Ref struct{ Kind, Namespace, Name string }

// String returns "Kind namespace/name".
func (r Ref) String() string { return r.Kind + " " + r.Namespace + "/" + r.Name }

// Severity says whether a problem keeps an object from being accepted.
type Severity int

const (
	// Error keeps the object's new form out: its last accepted record goes on serving.
	Error Severity = iota + 1
	// Notice is for the message of an accepted object.
	Notice
)

// Problem is one thing its author should know. Message names no whole URL and fits a condition.
type Problem struct {
	Ref

	Field    string // such as spec.offers[0].url
	Severity Severity
	Reason   string // a condition reason of api/v1alpha1
	Message  string
}

// Outcome is what became of one object.
type Outcome struct {
	Ref

	// Generation is the metadata.generation that was judged, 0 for an object from a folder.
	Generation int64
	// Key of the object's record; empty for a kind that has none.
	Key string
	// Record is what is served, nil when nothing is. Its generation is metadata.generation, 0 for an
	// object from a folder: the publisher numbers those.
	Record *catalogpb.Record
	// Kept says that Record is the last accepted one, because the object's new form has an Error.
	Kept     bool
	Problems []Problem
}

// Result is a compiled configuration. All lists are sorted, so that equal objects in any order give
// equal results.
type Result struct {
	// Outcomes has one entry per object of the pipeline, by kind, namespace and name.
	Outcomes []Outcome
	// Records is what the log should hold, by key. A key that is absent here and from Deleted stays.
	Records []*catalogpb.Record
	// Deleted are keys whose object is proven to be gone, or whose grants were all withdrawn.
	Deleted []string
	// Absent are keys in the log whose object is not listed and not proven to be gone.
	Absent []string
	// Problems are those of all objects.
	Problems []Problem
}

// Errors counts the problems that keep an object's new form out.
func (r *Result) Errors() int {
	n := 0
	for i := range r.Problems {
		if r.Problems[i].Severity == Error {
			n++
		}
	}
	return n
}
