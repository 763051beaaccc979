package crd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

func TestSamplesAreAccepted(t *testing.T) {
	validator := newValidator(t)
	kinds := map[string]int{}
	for name, objects := range samples(t) {
		for _, object := range objects {
			kinds[object.GetKind()]++
			for _, err := range validator.Validate(t.Context(), object, nil) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	want := map[string]int{
		"AggregationPipeline": 1, "BillingSchedule": 1, "Campaign": 5,
		"FraudPolicy": 1, "Tracker": 1, "TrafficSource": 1,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("kinds of samples (-want +got):\n%s", diff)
	}
}

// TestSamplesSurviveTheGoTypes reads every sample into its Go type and writes it
// again: nothing may be lost, added or renamed on the way.
func TestSamplesSurviveTheGoTypes(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for name, objects := range samples(t) {
		for _, object := range objects {
			typed, err := scheme.New(object.GroupVersionKind())
			if err != nil {
				t.Fatal(err)
			}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			again, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object.Object, again); diff != "" {
				t.Errorf("%s (-written +read and written again):\n%s", name, diff)
			}
		}
	}
}

// samples returns the objects of our kinds in config/samples by file name.
func samples(tb testing.TB) map[string][]*unstructured.Unstructured {
	tb.Helper()
	names, err := filepath.Glob("../samples/*.yaml")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no samples found: %v", err)
	}
	byFile := map[string][]*unstructured.Unstructured{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		documents := utilyaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(data)))
		for {
			document := make([]byte, len(data)+1)
			n, err := documents.Read(document)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				tb.Fatalf("%s: %v", name, err)
			}
			object := map[string]any{}
			parse(tb, string(document[:n]), &object)
			o := &unstructured.Unstructured{Object: object}
			if o.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
				continue // a Secret is Kubernetes' own kind
			}
			byFile[filepath.Base(name)] = append(byFile[filepath.Base(name)], o)
		}
	}
	return byFile
}
