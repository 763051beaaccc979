package chart_test

import (
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/config/crd"
)

// TestHelmInstallsUpgradesAndUninstalls on a cluster without ClickTally, the samples of the evaluation included, whose
// kinds come with the same release. Nothing runs there: no controller starts pods.
func TestHelmInstallsUpgradesAndUninstalls(t *testing.T) {
	c := newCluster(t)
	c.withoutDefinitions()
	kubeconfig := c.kubeconfig()
	run := func(arguments ...string) string {
		t.Helper()
		printed, complaints, err := helm(t, append(arguments, "--namespace", c.namespace, "--kubeconfig", kubeconfig)...)
		if err != nil {
			t.Fatalf("helm %s: %v: %s", arguments[0], err, complaints)
		}
		return printed
	}
	notes := run("install", "clicktally", chart, "--set", "evaluation.enabled=true")
	if !strings.Contains(notes, "kubectl apply -f -") || !strings.Contains(notes, "name: hello, namespace: "+c.namespace) {
		t.Errorf("the notes tell no next step:\n%s", notes)
	}
	samples := map[string]string{"AggregationPipeline": "main", "Tracker": "local"}
	made := map[string]string{}
	for kind, name := range samples {
		sample := c.custom(kind, name)
		if sample == nil {
			t.Fatalf("no %s %s", kind, name)
		}
		made[kind] = string(sample.GetUID())
	}
	run("upgrade", "clicktally", chart, "--set", "evaluation.enabled=true,operator.replicas=3")
	for kind, name := range samples {
		if sample := c.custom(kind, name); sample == nil || string(sample.GetUID()) != made[kind] {
			t.Errorf("an upgrade made %s %s anew", kind, name)
		}
	}
	run("uninstall", "clicktally")
	for kind, name := range samples {
		if c.custom(kind, name) == nil {
			t.Errorf("%s %s is gone with the release, and the definitions are kept", kind, name)
		}
	}
	deployments := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "apps/v1", "kind": "DeploymentList"}}
	if err := c.List(t.Context(), deployments, client.InNamespace(c.namespace)); err != nil || len(deployments.Items) > 0 {
		t.Errorf("%d Deployments are left: %v", len(deployments.Items), err)
	}
}

// custom is an object of ours, nil where there is none.
func (c *cluster) custom(kind, name string) *unstructured.Unstructured {
	c.t.Helper()
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("clicktally.dev/v1alpha1")
	object.SetKind(kind)
	err := c.Get(c.t.Context(), client.ObjectKey{Namespace: c.namespace, Name: name}, object)
	if client.IgnoreNotFound(err) != nil {
		c.t.Fatal(err)
	}
	if err != nil {
		return nil
	}
	return object
}

// withoutDefinitions takes away what the tests' API server starts with, and waits until it is gone.
func (c *cluster) withoutDefinitions() {
	c.t.Helper()
	definitions, err := crd.Definitions()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, definition := range definitions {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
		object.SetName(definition.Name)
		c.eventually(object.GetName()+" is gone", func() bool { return c.Delete(c.t.Context(), object.DeepCopy()) != nil })
	}
}
