// Package chart_test proves the installation: what the chart renders for every toggle, that an API server and Pod
// Security take it, that the operator can do its work with the rights that it is given, and has no other.
package chart_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	root  = "../.."
	chart = root + "/charts/clicktally"
)

// tool builds a tool of hack/tools once.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := tools[name]()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var tools = map[string]func() (string, error){"helm": once("helm"), "kustomize": once("kustomize")}

func once(name string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		out, err := exec.Command(root+"/hack/tool", name).Output()
		return strings.TrimSpace(string(out)), err
	})
}

// helm runs Helm in a home of its own, and returns what it printed and what it complained of.
func helm(t *testing.T, arguments ...string) (printed, complaints string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool(t, "helm"), arguments...)
	home := t.TempDir()
	command.Env = append(command.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	var out, failed bytes.Buffer
	command.Stdout, command.Stderr = &out, &failed
	err = command.Run()
	return out.String(), failed.String(), err
}

// values are those of a case; one that is empty holds the chart's own.
func values(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("testdata/" + name + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// render is `helm template` as a person runs it.
func render(t *testing.T, namespace string, arguments ...string) string {
	t.Helper()
	arguments = append([]string{"template", "clicktally", chart, "--namespace", namespace}, arguments...)
	printed, complaints, err := helm(t, arguments...)
	if err != nil {
		t.Fatalf("%v: %s", err, complaints)
	}
	return printed
}

// objects reads a stream of YAML. Comments alone are no object.
func objects(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil { // numbers stay whole
			t.Fatalf("%v in\n%s", err, document)
		}
		if len(object.Object) > 0 {
			all = append(all, object)
		}
	}
}

// title names an object in messages.
func title(object *unstructured.Unstructured) string {
	return strings.TrimPrefix(object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName(), "/")
}
