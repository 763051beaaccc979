package chart_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/config/crd"
)

// stateMetrics is as much of the configuration of kube-state-metrics as stands in deploy/kube-state-metrics.
type stateMetrics struct {
	Kind string `json:"kind"`
	Spec struct {
		Resources []struct {
			GroupVersionKind struct{ Group, Version, Kind string } `json:"groupVersionKind"`
			Prefix           string                                `json:"metricNamePrefix"`
			LabelsFromPath   map[string][]string                   `json:"labelsFromPath"`
			Metrics          []struct {
				Name string `json:"name"`
				Help string `json:"help"`
				Each struct {
					Type  string   `json:"type"`
					Info  *reading `json:"info"`
					Gauge *reading `json:"gauge"`
				} `json:"each"`
			} `json:"metrics"`
		} `json:"resources"`
	} `json:"spec"`
}

type reading struct {
	Path           []string            `json:"path"`
	LabelsFromPath map[string][]string `json:"labelsFromPath"`
	ValueFrom      []string            `json:"valueFrom"`
	NilIsZero      bool                `json:"nilIsZero"`
}

// TestStateMetricsReadWhatIsThere: every path leads to a field of the definition of its kind.
func TestStateMetricsReadWhatIsThere(t *testing.T) {
	text, err := os.ReadFile(root + "/deploy/kube-state-metrics/clicktally.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config := stateMetrics{}
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		t.Fatal(err)
	}
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Spec.Resources) != len(definitions) {
		t.Errorf("%d kinds, want %d", len(config.Spec.Resources), len(definitions))
	}
	paths := 0
	for _, resource := range config.Spec.Resources {
		gvk := resource.GroupVersionKind
		at := slices.IndexFunc(definitions, func(d *apiextensionsv1.CustomResourceDefinition) bool {
			return d.Spec.Names.Kind == gvk.Kind && d.Spec.Group == gvk.Group && d.Spec.Versions[0].Name == gvk.Version
		})
		if at < 0 {
			t.Errorf("there is no kind %v", gvk)
			continue
		}
		schema := definitions[at].Spec.Versions[0].Schema.OpenAPIV3Schema
		look := func(from *apiextensionsv1.JSONSchemaProps, path []string) *apiextensionsv1.JSONSchemaProps {
			paths++
			found := field(from, path)
			if found == nil {
				t.Errorf("%s: no field %s", gvk.Kind, strings.Join(path, "."))
				return &apiextensionsv1.JSONSchemaProps{}
			}
			return found
		}
		for _, metric := range resource.Metrics {
			for _, r := range []*reading{metric.Each.Info, metric.Each.Gauge} {
				if r == nil {
					continue
				}
				from := look(schema, r.Path)
				if from.Items != nil {
					from = from.Items.Schema
				}
				for _, path := range r.LabelsFromPath {
					look(from, path)
				}
				look(from, r.ValueFrom)
			}
		}
	}
	if paths < 60 {
		t.Errorf("only %d paths are looked at", paths)
	}
}

// field is the schema at the end of a path, nil where there is none. Metadata is the API server's, not the definition's.
func field(schema *apiextensionsv1.JSONSchemaProps, path []string) *apiextensionsv1.JSONSchemaProps {
	if len(path) == 2 && path[0] == "metadata" && slices.Contains([]string{"name", "namespace", "generation"}, path[1]) {
		return &apiextensionsv1.JSONSchemaProps{}
	}
	for _, name := range path {
		next, ok := schema.Properties[name]
		if !ok {
			return nil
		}
		schema = &next
	}
	return schema
}

// sources is where metrics of ours are made, by the beginning of their names.
var sources = map[string]string{
	"clicktally_journal_": "runtime/journal/metrics.go", "clicktally_tracker_": "runtime/tracker/metrics.go",
	"clicktally_aggregator_": "runtime/aggregate/metrics.go", "clicktally_ledger_": "runtime/ledger/balance_metrics.go",
	"clicktally_query_": "runtime/query/metrics.go",
}

var (
	metricName = regexp.MustCompile(`\b(clicktally_[a-z]+_)([a-z_]+)\b`)
	suffix     = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// TestAlertsAskForMetricsThatAreMade, and each says what to do.
func TestAlertsAskForMetricsThatAreMade(t *testing.T) {
	files, err := filepath.Glob(chart + "/files/alerts/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no alerts: %v", err)
	}
	asked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var alerts []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
		if err := yaml.UnmarshalStrict(text, &alerts); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, a := range alerts {
			if !slices.Contains([]string{"warning", "critical"}, a.Labels["severity"]) || a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
				t.Errorf("%s: severity, summary and description are needed", a.Alert)
			}
			for _, name := range metricName.FindAllStringSubmatch(a.Expr, -1) {
				asked++
				source, known := sources[name[1]]
				if !known {
					t.Errorf("%s asks for %s, which nothing makes", a.Alert, name[0])
					continue
				}
				code, err := os.ReadFile(root + "/" + source)
				if err != nil {
					t.Fatal(err)
				}
				short := suffix.ReplaceAllString(name[2], "")
				if !strings.Contains(string(code), `"`+short+`"`) && !strings.Contains(string(code), `"`+name[1]+short+`"`) {
					t.Errorf("%s asks for %s, which %s does not make", a.Alert, name[0], source)
				}
			}
		}
	}
	if asked < 15 {
		t.Errorf("only %d metrics are asked for", asked)
	}
}
