package crds_test

import (
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/config/crd"
)

func definitions(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	all, err := crd.Definitions()
	if err != nil || len(all) != 6 {
		t.Fatalf("%d definitions, want one of each of the six kinds: %v", len(all), err)
	}
	return all
}

// asObject is a value as the API server is sent it.
func asObject(t *testing.T, value any) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(value)
	if err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: content}
}

func TestEveryDefinitionIsEstablished(t *testing.T) {
	c := newCluster(t)
	for _, definition := range definitions(t) {
		stored := &unstructured.Unstructured{}
		stored.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
		if err := c.Get(t.Context(), client.ObjectKey{Name: definition.Name}, stored); err != nil {
			t.Fatal(err)
		}
		var held apiextensionsv1.CustomResourceDefinition
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &held); err != nil {
			t.Fatal(err)
		}
		for _, condition := range held.Status.Conditions {
			switch condition.Type {
			case apiextensionsv1.Established, apiextensionsv1.NamesAccepted:
				if condition.Status != apiextensionsv1.ConditionTrue {
					t.Errorf("%s: %s is %s: %s", definition.Name, condition.Type, condition.Status, condition.Message)
				}
			default: // such as NonStructuralSchema
				t.Errorf("%s has a condition %s=%s: %s", definition.Name, condition.Type, condition.Status, condition.Message)
			}
		}
		if len(held.Status.Conditions) != 2 {
			t.Errorf("%s: %d conditions, want Established and NamesAccepted", definition.Name, len(held.Status.Conditions))
		}
	}
}

// TestDefinitionsAreAppliedWithoutAWarning: an API server warns of formats and of fields that it does not know.
func TestDefinitionsAreAppliedWithoutAWarning(t *testing.T) {
	c := newCluster(t)
	for _, definition := range definitions(t) {
		object := asObject(t, definition)
		unstructured.RemoveNestedField(object.Object, "status")
		unstructured.RemoveNestedField(object.Object, "metadata", "creationTimestamp")
		if err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), owner, client.ForceOwnership, client.DryRunAll); err != nil {
			t.Errorf("%s: %v", definition.Name, err)
		}
	}
	if len(c.warnings.texts) > 0 {
		t.Errorf("the API server warned: %q", c.warnings.texts)
	}
}

// TestShortNamesAreNobodyElses: where two resources have one, kubectl takes either.
func TestShortNamesAreNobodyElses(t *testing.T) {
	server, err := discovery.NewDiscoveryClientForConfig(newCluster(t).config)
	if err != nil {
		t.Fatal(err)
	}
	_, lists, err := server.ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	holders, ours := map[string][]string{}, 0
	for _, list := range lists {
		for _, resource := range list.APIResources {
			if strings.Contains(resource.Name, "/") {
				continue // a subresource
			}
			if strings.HasPrefix(list.GroupVersion, "clicktally.dev/") {
				ours++
				if !slices.Contains(resource.Categories, "clicktally") {
					t.Errorf("`kubectl get clicktally` leaves out %s", resource.Name)
				}
			}
			for _, name := range append(resource.ShortNames, resource.Name, resource.SingularName) {
				if !slices.Contains(holders[name], resource.Kind) {
					holders[name] = append(holders[name], resource.Kind)
				}
			}
		}
	}
	if ours != 6 {
		t.Errorf("the server serves %d resources of ours, want 6", ours)
	}
	for _, definition := range definitions(t) {
		names := definition.Spec.Names
		for _, name := range append(names.ShortNames, names.Plural, names.Singular) {
			if !slices.Equal(holders[name], []string{names.Kind}) {
				t.Errorf("%s means %q", name, holders[name])
			}
		}
	}
}
