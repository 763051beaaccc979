package compile

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

var update = flag.Bool("update", false, "write testdata/*.out.yaml from what the compiler returns")

// goldenInput is a *.in.yaml. Previous is the input of an earlier compilation, whose records this one
// finds in the log.
type goldenInput struct {
	goldenObjects

	Previous *goldenObjects `json:"previous,omitempty"`
}

type goldenObjects struct {
	Campaigns  []*v1alpha1.Campaign            `json:"campaigns,omitempty"`
	Policies   []*v1alpha1.FraudPolicy         `json:"policies,omitempty"`
	Pipelines  []*v1alpha1.AggregationPipeline `json:"pipelines,omitempty"`
	Schedules  []*v1alpha1.BillingSchedule     `json:"schedules,omitempty"`
	Sources    []*v1alpha1.TrafficSource       `json:"sources,omitempty"`
	Trackers   []*v1alpha1.Tracker             `json:"trackers,omitempty"`
	Namespaces map[string]map[string]string    `json:"namespaces,omitempty"`
	Complete   bool                            `json:"complete,omitempty"`
	Gone       map[string]bool                 `json:"gone,omitempty"`
	Partial    bool                            `json:"partial,omitempty"`
	Standalone bool                            `json:"standalone,omitempty"`
}

func (g *goldenObjects) objects(previous map[string]*catalogpb.Record) Objects {
	return Objects{
		Campaigns: g.Campaigns, Policies: g.Policies, Pipelines: g.Pipelines, Schedules: g.Schedules,
		Sources: g.Sources, Trackers: g.Trackers, Namespaces: g.Namespaces, Complete: g.Complete,
		Gone: g.Gone, Partial: g.Partial, Standalone: g.Standalone, Previous: previous,
		OwnerCluster: "cluster-1", OwnerObject: "object-1",
	}
}

// applied is what the log holds after a compilation was published.
func applied(previous map[string]*catalogpb.Record, r Result) map[string]*catalogpb.Record {
	log := map[string]*catalogpb.Record{}
	maps.Copy(log, previous)
	for _, key := range r.Deleted {
		if c := log[key].GetCampaign(); c != nil {
			log[key] = &catalogpb.Record{Body: &catalogpb.Record_Released{
				Released: &catalogpb.Released{Id: c.GetId(), Namespace: c.GetNamespace()},
			}}
		} else {
			delete(log, key)
		}
	}
	for _, record := range r.Records {
		log[catalog.KeyOf(record)] = record
	}
	return log
}

type goldenOutput struct {
	Records  map[string]any `json:"records,omitempty"`
	Deleted  []string       `json:"deleted,omitempty"`
	Absent   []string       `json:"absent,omitempty"`
	Kept     []string       `json:"kept,omitempty"`
	Problems []string       `json:"problems,omitempty"`
}

func render(t *testing.T, r Result) []byte {
	t.Helper()
	out := goldenOutput{Records: map[string]any{}, Deleted: r.Deleted, Absent: r.Absent}
	for _, record := range r.Records {
		record = record.CloneVT()
		record.Digest = nil // a function of the body, which is here
		text, err := protojson.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := yaml.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		out.Records[catalog.KeyOf(record)] = value
	}
	for _, o := range r.Outcomes {
		if o.Kept {
			out.Kept = append(out.Kept, o.Ref.String())
		}
	}
	for _, p := range r.Problems {
		severity := "error"
		if p.Severity == Notice {
			severity = "notice"
		}
		out.Problems = append(out.Problems, strings.Join([]string{severity, p.Reason, p.Ref.String(), p.Field, p.Message}, " | "))
	}
	text, err := yaml.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.in.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, path := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".in.yaml"), func(t *testing.T) {
			input, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var in goldenInput
			if err := yaml.UnmarshalStrict(input, &in); err != nil {
				t.Fatal(err)
			}
			var previous map[string]*catalogpb.Record
			if in.Previous != nil {
				previous = applied(nil, Compile(in.Previous.objects(nil)))
			}
			result := Compile(in.objects(previous))
			got := render(t, result)
			for _, p := range result.Problems {
				if len(p.Message) > 256 {
					t.Errorf("message of %d characters does not fit a condition: %s", len(p.Message), p.Message)
				}
			}
			golden := strings.TrimSuffix(path, ".in.yaml") + ".out.yaml"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got) {
				t.Errorf("compiled differently (-want +got):\n%s", cmp.Diff(string(want), string(got)))
			}
		})
	}
}
