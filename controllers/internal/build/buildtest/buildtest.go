// Package buildtest has what the tests of all builders share: custom resources to build from, golden
// files, and the commands that are started as the objects say.
package buildtest

import (
	"embed"
	"encoding/json"
	"testing"

	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

//go:embed testdata
var cases embed.FS

// Case is a pipeline, one of its trackers, and one of its billing schedules.
type Case struct {
	Pipeline *v1alpha1.AggregationPipeline `json:"pipeline"`
	Tracker  *v1alpha1.Tracker             `json:"tracker"`
	Schedule *v1alpha1.BillingSchedule     `json:"schedule"`
}

// Minimal says what must be said; everything is at its default.
func Minimal(t testing.TB) Case { return load(t, "minimal") }

// Full says everything that can be said, a route by HTTPRoute and an autoscaler among it.
func Full(t testing.TB) Case { return load(t, "full") }

func load(t testing.TB, name string) Case {
	t.Helper()
	text, err := cases.ReadFile("testdata/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := Case{}
	if err := yaml.UnmarshalStrict(text, &c); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// Installation is an operator of version v0.4.0.
func Installation() *build.Installation {
	return &build.Installation{
		Name: "clicktally",
		Images: build.Images{
			Tracker:    "registry.example:5000/clicktally/tracker:v0.4.0",
			Aggregator: "registry.example:5000/clicktally/aggregator:v0.4.0",
			Query:      "registry.example:5000/clicktally/query:v0.4.0",
			Ledger:     "registry.example:5000/clicktally/clicktally:v0.4.0",
		},
	}
}

// Guarded is an Installation that states everything.
func Guarded() *build.Installation {
	i := Installation()
	i.PullPolicy, i.PullSecrets, i.MetricsNamespace = "Never", []string{"registry"}, "monitoring"
	return i
}

// Owner is a custom resource that owns what is built.
func Owner(kind, name string) *build.Owner {
	return applymetav1.OwnerReference().WithAPIVersion(v1alpha1.GroupVersion.String()).WithKind(kind).WithName(name).
		WithUID("7f1d0d2c-0000-4000-8000-000000000001").WithController(true).WithBlockOwnerDeletion(true)
}

// As decodes what would be applied into the type that Kubernetes has for it.
func As[T any](t testing.TB, applied any) *T {
	t.Helper()
	text, err := json.Marshal(applied)
	if err != nil {
		t.Fatal(err)
	}
	object := new(T)
	if err := yaml.UnmarshalStrict(text, object); err != nil {
		t.Fatal(err)
	}
	return object
}
