package query

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// document is what this test needs of OpenAPI.
type document struct {
	Paths map[string]map[string]struct {
		Parameters []reference         `yaml:"parameters"`
		Responses  map[string]struct{} `yaml:"responses"`
	} `yaml:"paths"`
	Components struct {
		Parameters map[string]reference `yaml:"parameters"`
	} `yaml:"components"`
}

type reference struct {
	Ref  string `yaml:"$ref"`
	Name string `yaml:"name"`
	In   string `yaml:"in"`
}

func TestOpenAPIDescribesEveryPathAndParameter(t *testing.T) {
	var doc document
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	described := map[string][]string{}
	for path, methods := range doc.Paths {
		get, ok := methods["get"]
		if !ok || len(methods) != 1 {
			t.Errorf("%s: readers only read, want get alone", path)
		}
		described[path] = []string{}
		for _, p := range get.Parameters {
			if p.Ref != "" {
				p = doc.Components.Parameters[regexp.MustCompile(`[^/]*$`).FindString(p.Ref)]
			}
			switch p.In {
			case "query":
				described[path] = append(described[path], p.Name)
			case "path":
				if !regexp.MustCompile(`\{` + p.Name + `\}`).MatchString(path) {
					t.Errorf("%s has no place for %s", path, p.Name)
				}
			default:
				t.Errorf("%s: parameter %+v is nowhere", path, p)
			}
		}
		slices.Sort(described[path])
	}
	served := map[string][]string{}
	for _, e := range endpoints {
		served[e.path] = slices.Sorted(slices.Values(append([]string{}, e.parameters...)))
		want := []string{"200", "400", "401", "503"}
		for _, status := range want {
			if _, ok := doc.Paths[e.path]["get"].Responses[status]; !ok {
				t.Errorf("%s does not describe %s", e.path, status)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(served)), slices.Sorted(maps.Keys(described))); diff != "" {
		t.Error(diff)
	}
	for path := range served {
		if diff := cmp.Diff(served[path], described[path]); diff != "" {
			t.Errorf("%s, served and described: %s", path, diff)
		}
	}
}
