package chart_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// open are the objects of values.yaml whose keys are the user's own.
var open = map[string]bool{
	"serviceAccount.annotations": true, "operator.podLabels": true, "operator.podAnnotations": true, "operator.nodeSelector": true,
	"operator.resources.requests": true, "operator.resources.limits": true, "operator.affinity": true,
	"metrics.monitors.labels": true, "metrics.rules.labels": true, "metrics.rules.alertLabels": true,
	"evaluation.resources.requests": true, "evaluation.resources.limits": true,
}

func own(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(chart + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// TestAMisspeltValueIsRefused tries a key that nobody knows in every object of values.yaml.
func TestAMisspeltValueIsRefused(t *testing.T) {
	var paths []string
	var walk func(path string, values map[string]any)
	walk = func(path string, values map[string]any) {
		if open[path] {
			return
		}
		paths = append(paths, path)
		for key, value := range values {
			if inner, ok := value.(map[string]any); ok {
				walk(strings.TrimPrefix(path+"."+key, "."), inner)
			}
		}
	}
	walk("", own(t))
	if len(paths) < 15 {
		t.Fatalf("only %q are looked at", paths)
	}
	for _, path := range append(paths, "query.authorization.pipelines[0]") {
		key := strings.TrimPrefix(path+".mispelt", ".")
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			_, complaints, err := helm(t, "template", chart, "--set", key+"=x")
			if err == nil || !strings.Contains(complaints, "mispelt") {
				t.Errorf("err %v: %s", err, complaints)
			}
		})
	}
}

func TestAWrongValueIsRefused(t *testing.T) {
	for value, complaint := range map[string]string{
		"operator.replicas=-1":                       "/operator/replicas",
		"operator.replicas=two":                      "/operator/replicas",
		"image.pullPolicy=Sometimes":                 "/image/pullPolicy",
		"metrics.serve=Off":                          "/metrics/serve",
		"admissionPolicies=true":                     "/admissionPolicies",
		"operator.leaderElection.leaseDuration=15":   "/operator/leaderElection/leaseDuration",
		"watchNamespaces={Ads}":                      "/watchNamespaces/0",
		"watchNamespaces={ads}":                      "watchNamespaces needs installationID",
		"evaluation.storage=lots":                    "/evaluation/storage",
		"query.authorization.pipelines[0].name=main": "namespace",
		"operator.tolerations[0].effect=Never":       "/operator/tolerations/0/effect",
		"operator.affinity.nodeAntiAffinity.x=y":     "nodeAntiAffinity",
		"fullnameOverride=Click Tally":               "/fullnameOverride",
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			_, complaints, err := helm(t, "template", chart, "--set", value)
			if err == nil || !strings.Contains(complaints, complaint) {
				t.Errorf("err %v, want a complaint about %s: %s", err, complaint, complaints)
			}
		})
	}
}

// TestTheSchemaKnowsWhatValuesHave, and nothing more.
func TestTheSchemaKnowsWhatValuesHave(t *testing.T) {
	text, err := os.ReadFile(chart + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	schema := map[string]any{}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var compare func(path string, schema, values map[string]any)
	compare = func(path string, schema, values map[string]any) {
		properties, ok := schema["properties"].(map[string]any)
		if !ok || open[path] {
			return
		}
		known := slices.DeleteFunc(slices.Sorted(maps.Keys(properties)), func(key string) bool { return key == "global" })
		if diff := cmp.Diff(known, slices.Sorted(maps.Keys(values))); diff != "" {
			t.Errorf("%s (-schema +values.yaml):\n%s", path, diff)
		}
		for key, value := range values {
			inner, isObject := value.(map[string]any)
			property, described := properties[key].(map[string]any)
			if isObject && described {
				compare(strings.TrimPrefix(path+"."+key, "."), property, inner)
			}
		}
	}
	compare("", schema, own(t))
}

func TestHelmLintIsContent(t *testing.T) {
	for _, name := range cases(t) {
		if printed, complaints, err := helm(t, "lint", chart, "--strict", "--values", values(t, name)); err != nil {
			t.Errorf("%s: %v: %s%s", name, err, printed, complaints)
		}
	}
}
