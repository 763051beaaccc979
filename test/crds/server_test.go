// Package crds_test holds what only a real API server proves of the definitions in config/crd. What their rules accept
// and refuse is told, rule by rule, beside the definitions.
package crds_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/test/servers"
)

// owner is the field manager of a user who says nothing else.
const owner = client.FieldOwner("platform-team")

// cluster is the API server as one test sees it: a namespace of its own, and a client that is as strict as kubectl.
type cluster struct {
	client.Client

	t         *testing.T
	config    *rest.Config
	namespace string
	warnings  *warnings
}

// warnings are those that the API server sent with its answers, which kubectl prints.
type warnings struct{ texts []string }

func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.texts = append(w.texts, text) }

func newCluster(t *testing.T) *cluster {
	t.Helper()
	config := servers.KubeAPI(t)
	c := &cluster{t: t, config: config, namespace: servers.KubeNamespace(t, config), warnings: &warnings{}}
	config.WarningHandler = c.warnings
	plain, err := client.New(config, client.Options{Scheme: controllers.NewScheme()})
	if err != nil {
		t.Fatal(err)
	}
	c.Client = client.WithFieldValidation(plain, metav1.FieldValidationStrict)
	return c
}

// apply is `kubectl apply --server-side` without force.
func (c *cluster) apply(who client.FieldOwner, object *unstructured.Unstructured) error {
	sent := object.DeepCopy() // the answer is written into it
	sent.SetNamespace(c.namespace)
	return c.Apply(c.t.Context(), client.ApplyConfigurationFromUnstructured(sent), who)
}

func (c *cluster) mustApply(who client.FieldOwner, object *unstructured.Unstructured) {
	c.t.Helper()
	if err := c.apply(who, object); err != nil {
		c.t.Fatal(err)
	}
}

// live is what the API server holds of an object.
func (c *cluster) live(object *unstructured.Unstructured) *unstructured.Unstructured {
	c.t.Helper()
	stored := &unstructured.Unstructured{}
	stored.SetGroupVersionKind(object.GroupVersionKind())
	if err := c.Get(c.t.Context(), client.ObjectKey{Namespace: c.namespace, Name: object.GetName()}, stored); err != nil {
		c.t.Fatal(err)
	}
	return stored
}

// samples are the objects of config/samples by file name.
func samples(t *testing.T) map[string][]*unstructured.Unstructured {
	t.Helper()
	names, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no samples found: %v", err)
	}
	byFile := map[string][]*unstructured.Unstructured{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), len(data))
		for {
			object := &unstructured.Unstructured{}
			if err := decoder.Decode(object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			byFile[filepath.Base(name)] = append(byFile[filepath.Base(name)], object)
		}
	}
	return byFile
}

// sample is the first object of a kind in config/samples, by file name.
func sample(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	byFile := samples(t)
	for _, name := range slices.Sorted(maps.Keys(byFile)) {
		for _, object := range byFile[name] {
			if object.GetKind() == kind {
				return object
			}
		}
	}
	t.Fatalf("config/samples holds no %s", kind)
	return nil
}

// parse reads YAML as an object.
func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), object); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return object
}

// values reads a JSON object.
func values(t *testing.T, text string) map[string]any {
	t.Helper()
	var read map[string]any
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return read
}
