package compile

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// An event that is older than raw retention when it is logged goes to the dead letters: it must be
// refused at the door, not acknowledged.
func TestNoEventIsAcceptedThatIsTooOldToCount(t *testing.T) {
	tests := map[string]struct {
		spec    string
		days    int64 // of maxAge
		problem string
	}{
		"the default":                   {spec: `{}`, days: 7},
		"less raw than the default age": {spec: `{retention: {rawDays: 3}}`, days: 3},
		"as much raw as the stated age": {spec: `{retention: {rawDays: 3}, accept: {maxAge: 72h}}`, days: 3},
		"less raw than the stated age":  {spec: `{retention: {rawDays: 3}, accept: {maxAge: 73h}}`, problem: "spec.accept.maxAge"},
		"the longest age there may be":  {spec: `{accept: {maxAge: 720h}}`, days: 30},
		"an age beyond the longest":     {spec: `{accept: {maxAge: 721h}}`, problem: "spec.accept.maxAge"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object := &v1alpha1.AggregationPipeline{}
			if err := yaml.UnmarshalStrict([]byte(test.spec), &object.Spec); err != nil {
				t.Fatal(err)
			}
			got := checkPipeline(object, &Objects{})
			var problems []string
			for _, p := range got.problems {
				if p.Severity == Error {
					problems = append(problems, p.Field)
				}
			}
			switch {
			case test.problem != "" && (len(problems) != 1 || problems[0] != test.problem):
				t.Errorf("errors at %v, want %s", problems, test.problem)
			case test.problem == "" && (len(problems) > 0 || got.record.GetPipeline().GetMaxAgeMs() != test.days*24*3_600_000):
				t.Errorf("%v, at most %d ms old; want %d days", problems, got.record.GetPipeline().GetMaxAgeMs(), test.days)
			}
		})
	}
}
