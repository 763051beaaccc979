package buildtest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

var update = flag.Bool("update", false, "write testdata from what the builders return")

// Golden compares each object with testdata/CASE/KIND-NAME.yaml, and decodes it strictly into its
// Kubernetes type. There must be no file without an object.
func Golden(t *testing.T, name string, all []build.Desired) {
	t.Helper()
	dir := filepath.Join("testdata", name)
	want := map[string]bool{}
	for _, d := range all {
		if d.Object == nil {
			continue
		}
		file := filepath.Join(dir, fmt.Sprintf("%s-%s.yaml", strings.ToLower(d.Kind.Kind), d.Name))
		want[file] = true
		compare(t, file, checked(t, d))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		switch {
		case want[file]:
		case *update:
			if err := os.Remove(file); err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("%s: nothing like it is built", file)
		}
	}
}

// checked renders an object after a look at what every one must be.
func checked(t *testing.T, d build.Desired) []byte {
	t.Helper()
	text, err := yaml.Marshal(d.Object)
	if err != nil {
		t.Fatal(err)
	}
	header := struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}{}
	if err := yaml.Unmarshal(text, &header); err != nil {
		t.Fatal(err)
	}
	if header.Kind != d.Kind.Kind || header.APIVersion != d.Kind.GroupVersion().String() || header.Metadata.Name != d.Name {
		t.Errorf("%s %s is said of %+v", d.Kind, d.Name, header)
	}
	if err := yaml.UnmarshalStrict(text, typeOf(t, d)); err != nil {
		t.Errorf("%s %s: %v", d.Kind.Kind, d.Name, err)
	}
	for _, noise := range []string{"status:", "creationTimestamp", "null", "{}\n"} {
		if bytes.Contains(text, []byte(noise)) && !expected(d, noise) {
			t.Errorf("%s %s says %q of which it knows nothing:\n%s", d.Kind.Kind, d.Name, noise, text)
		}
	}
	return text
}

// expected knows the one empty value that means something: the selector of every namespace.
func expected(d build.Desired, noise string) bool {
	return d.Kind.Kind == "NetworkPolicy" && noise == "{}\n"
}

// typeOf is the type that Kubernetes' own clients have for an object.
func typeOf(t *testing.T, d build.Desired) any {
	t.Helper()
	if d.Kind.Kind == "HTTPRoute" {
		return &httpRoute{}
	}
	object, err := scheme.Scheme.New(d.Kind)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), -update writes it:\n%s", file, diff)
	}
}
