package chart_test

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

func kustomize(t *testing.T, folder string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool(t, "kustomize"), "build", root+"/config/"+folder).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaint(err))
	}
	return string(out)
}

func complaint(err error) string {
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(failed.Stderr)
	}
	return ""
}

// TestTheAPIServerTakesWhatKustomizeBuilds, in a dry run without a warning.
func TestTheAPIServerTakesWhatKustomizeBuilds(t *testing.T) {
	c := newCluster(t)
	for folder, number := range map[string]int{"default": 26, "namespaced": 9} {
		t.Run(folder, func(t *testing.T) {
			c.warnings = nil
			built := objects(t, kustomize(t, folder))
			if len(built) != number {
				t.Errorf("%d objects, want %d", len(built), number)
			}
			for _, object := range built {
				if namespaced, err := c.IsObjectNamespaced(object); err != nil {
					t.Fatal(err)
				} else if namespaced {
					if object.GetNamespace() != "clicktally-system" {
						t.Errorf("%s is not in clicktally-system", title(object))
					}
					object.SetNamespace(c.namespace)
				}
				if err := c.apply(object, client.DryRunAll); err != nil {
					t.Errorf("%s: %v", title(object), err)
				}
			}
			if len(c.warnings) > 0 {
				t.Errorf("the API server warns: %q", c.warnings)
			}
		})
	}
}

// TestNamespacedMeansNoClusterWideObject, of the chart and of kustomize.
func TestNamespacedMeansNoClusterWideObject(t *testing.T) {
	for name, text := range map[string]string{
		"chart": render(t, "clicktally", "--values", values(t, "namespaced")), "kustomize": kustomize(t, "namespaced"),
	} {
		for _, object := range objects(t, text) {
			if object.GetNamespace() == "" || strings.HasPrefix(object.GetKind(), "Cluster") {
				t.Errorf("%s: %s", name, title(object))
			}
		}
	}
}

// TestKustomizeAndTheChartGrantTheSame: both derive from config/rbac.
func TestKustomizeAndTheChartGrantTheSame(t *testing.T) {
	for folder, name := range map[string]string{"default": "defaults", "namespaced": "namespaced"} {
		byChart := granted(objects(t, render(t, "clicktally-system", "--values", values(t, name))))
		byKustomize := granted(objects(t, kustomize(t, folder)))
		if !slices.Equal(byChart, byKustomize) {
			t.Errorf("%s: the chart grants\n%s\nand kustomize\n%s", folder, strings.Join(byChart, "\n"), strings.Join(byKustomize, "\n"))
		}
	}
}
