package crd

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"sigs.k8s.io/yaml"
)

// TestDefinitionsPassAnAPIServer runs the validation that an API server runs on
// a new definition, its limits on the estimated cost of rules included.
func TestDefinitionsPassAnAPIServer(t *testing.T) {
	for kind, definition := range definitionsByKind(t) {
		t.Run(kind, func(t *testing.T) {
			internal, err := internalForm(definition)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range validation.ValidateCustomResourceDefinition(t.Context(), internal) {
				t.Error(err)
			}
		})
	}
}

// TestPrinterColumns: the columns that `kubectl get` shows.
func TestPrinterColumns(t *testing.T) {
	got := map[string]string{}
	for kind, definition := range definitionsByKind(t) {
		var names []string
		for _, column := range definition.Spec.Versions[0].AdditionalPrinterColumns {
			names = append(names, strings.ToUpper(column.Name))
		}
		got[kind] = strings.Join(names, " ")
	}
	want := map[string]string{
		"AggregationPipeline": "READY PREFIX TRACKERS AGE",
		"BillingSchedule":     "READY PIPELINE SEALED LAST SEALING AGE",
		"Campaign":            "READY STATE TRACKER SERVING AGE",
		"FraudPolicy":         "READY FRAUDULENT TRACKERS AGE",
		"Tracker":             "READY SERVING BEHIND CAMPAIGNS AGE",
		"TrafficSource":       "READY TYPE TRACKERS AGE",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

// TestWordsNeedNoQuotesInYAML: YAML 1.1, which Kubernetes reads, takes on, off,
// yes and no for booleans, also as names of fields.
func TestWordsNeedNoQuotesInYAML(t *testing.T) {
	for kind, definition := range definitionsByKind(t) {
		eachField(kind, definition.Spec.Versions[0].Schema.OpenAPIV3Schema, func(path string, schema *apiextensionsv1.JSONSchemaProps) {
			if strings.Contains(path, ".status.") {
				return // written by controllers, as JSON
			}
			words := []string{path[strings.LastIndex(path, ".")+1:]}
			for _, value := range schema.Enum {
				var word string
				if err := json.Unmarshal(value.Raw, &word); err != nil {
					t.Errorf("%s: %s is no string", path, value.Raw)
				}
				words = append(words, word)
			}
			for _, word := range words {
				var read any
				if err := yaml.Unmarshal([]byte(strings.TrimSuffix(word, "[]")), &read); err != nil {
					t.Errorf("%s: %q: %v", path, word, err)
				}
				if _, isString := read.(string); !isString {
					t.Errorf("%s: YAML reads %q as %v", path, word, read)
				}
			}
		})
	}
}

// kubernetesOwn are fields whose types Kubernetes bounds, or does not.
var kubernetesOwn = regexp.MustCompile(`\.(metadata|apiVersion|kind|pod|selector|conditions)([.\[]|$)`)

// TestEveryFieldIsBounded: what has no bound makes rules too expensive to be
// accepted, and objects too large for a catalog record.
func TestEveryFieldIsBounded(t *testing.T) {
	for kind, definition := range definitionsByKind(t) {
		eachField(kind, definition.Spec.Versions[0].Schema.OpenAPIV3Schema, func(path string, schema *apiextensionsv1.JSONSchemaProps) {
			if !kubernetesOwn.MatchString(path) && !bounded(path, schema) {
				t.Errorf("%s (%s) has no bound", path, schema.Type)
			}
		})
	}
}

func bounded(path string, schema *apiextensionsv1.JSONSchemaProps) bool {
	switch schema.Type {
	case "string":
		return schema.MaxLength != nil || len(schema.Enum) > 0 || schema.Format == "date-time"
	case "array":
		return schema.MaxItems != nil && schema.XListType != nil
	case "integer":
		return schema.Minimum != nil && (schema.Maximum != nil || strings.Contains(path, ".status."))
	case "object":
		return schema.AdditionalProperties == nil || schema.MaxProperties != nil
	default:
		return schema.XIntOrString // a quantity
	}
}

// eachField calls visit for every field below a schema; items of a list are path[].
func eachField(path string, schema *apiextensionsv1.JSONSchemaProps, visit func(string, *apiextensionsv1.JSONSchemaProps)) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		visit(path+"."+name, &property)
		eachField(path+"."+name, &property, visit)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		visit(path+"[]", schema.Items.Schema)
		eachField(path+"[]", schema.Items.Schema, visit)
	}
}

func definitionsByKind(tb testing.TB) map[string]*apiextensionsv1.CustomResourceDefinition {
	tb.Helper()
	definitions, err := Definitions()
	if err != nil {
		tb.Fatal(err)
	}
	byKind := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, definition := range definitions {
		byKind[definition.Spec.Names.Kind] = definition
	}
	return byKind
}
