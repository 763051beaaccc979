package chart_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clicktally/clicktally/config/crd"
)

var update = flag.Bool("update", false, "write what is rendered into testdata")

// cases are the folders of testdata: values.yaml, and what the chart makes of it.
func cases(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/values.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = filepath.Base(filepath.Dir(path))
	}
	return names
}

// TestRenders compares each case with its golden file, in which the definitions are left out: they are compared with
// config/crd below.
func TestRenders(t *testing.T) {
	for _, name := range cases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := withoutDefinitions(render(t, "clicktally", "--values", values(t, name)))
			golden := "testdata/" + name + "/rendered.yaml"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got, or run the test with -update:\n%s", diff)
			}
		})
	}
}

var document = regexp.MustCompile(`(?m)^---\n`)

func withoutDefinitions(text string) string {
	return some(text, func(part string) bool { return !strings.Contains(part, "\nkind: CustomResourceDefinition\n") })
}

// documents are those of a kind that begins with this.
func documents(text, kind string) string {
	return some(text, func(part string) bool { return strings.Contains(part, "\nkind: "+kind) })
}

func some(text string, wanted func(string) bool) string {
	var kept []string
	for _, part := range document.Split(text, -1) {
		if strings.TrimSpace(part) != "" && wanted(part) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "---\n")
}

// TestDefinitionsAreThoseOfTheAPI: the chart's are equal to config/crd but for what Helm needs.
func TestDefinitionsAreThoseOfTheAPI(t *testing.T) {
	for sentence, k := range map[string]struct {
		set    string
		policy string // of Helm, on each
		number int
	}{
		"kept":          {"crds.keep=true", "keep", 6},
		"not kept":      {"crds.keep=false", "", 6},
		"not installed": {"crds.install=false", "", 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			rendered := map[string]*unstructured.Unstructured{}
			for _, object := range objects(t, render(t, "clicktally", "--set", k.set)) {
				if object.GetKind() == "CustomResourceDefinition" {
					rendered[object.GetName()] = object
				}
			}
			if len(rendered) != k.number {
				t.Fatalf("%d definitions, want %d", len(rendered), k.number)
			}
			for name, object := range rendered {
				if got := object.GetAnnotations()["helm.sh/resource-policy"]; got != k.policy {
					t.Errorf("%s: resource policy %q, want %q", name, got, k.policy)
				}
				plural, _, _ := strings.Cut(name, ".")
				text, err := fs.ReadFile(crd.Files(), "clicktally.dev_"+plural+".yaml")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(objects(t, string(text))[0].Object["spec"], object.Object["spec"]); diff != "" {
					t.Errorf("%s (-config/crd +chart):\n%s", name, diff)
				}
			}
		})
	}
}
