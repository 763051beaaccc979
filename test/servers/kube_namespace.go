package servers

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// namespaceGone bounds the removal of a namespace.
const namespaceGone = time.Minute

// KubeNamespace makes a namespace with a name that no other test has, and returns the name. At the end of the test the
// namespace is gone with everything in it, finalizers or not: stop controllers before that.
func KubeNamespace(t testing.TB, c *rest.Config) string {
	t.Helper()
	kube, err := kubernetes.NewForConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if namespace, err = kube.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), namespaceGone)
		defer cancel()
		if err := removeNamespace(ctx, c, namespace.Name); err != nil {
			t.Errorf("remove namespace %s: %v", namespace.Name, err)
		}
	})
	return namespace.Name
}

// removeNamespace does what the namespace controller of a cluster does, which does not run here.
func removeNamespace(ctx context.Context, c *rest.Config, name string) error {
	c = rest.CopyConfig(c)
	c.WarningHandler = rest.NoWarnings{} // some resources are deprecated
	kube, err := kubernetes.NewForConfig(c)
	if err != nil {
		return err
	}
	namespaces := kube.CoreV1().Namespaces()
	// From now on nothing new comes in. A conflict says that the test has deleted it already.
	if err := namespaces.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsConflict(err) {
		return err
	}
	objects, err := metadata.NewForConfig(c)
	if err != nil {
		return err
	}
	resources, err := deletableResources(kube.Discovery())
	if err != nil {
		return err
	}
	for _, resource := range resources {
		if err := removeAll(ctx, objects.Resource(resource).Namespace(name)); err != nil {
			return fmt.Errorf("remove its %s: %w", resource.Resource, err)
		}
	}
	namespace, err := namespaces.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	namespace.Spec.Finalizers = nil
	_, err = namespaces.Finalize(ctx, namespace, metav1.UpdateOptions{})
	return err
}

// deletableResources are those of which a namespace may hold objects.
func deletableResources(server discovery.DiscoveryInterface) ([]schema.GroupVersionResource, error) {
	lists, err := discovery.ServerPreferredNamespacedResources(server)
	if err != nil {
		return nil, err
	}
	verbs := discovery.SupportsAllVerbs{Verbs: []string{"list", "patch", "deletecollection"}}
	var resources []schema.GroupVersionResource
	for _, list := range discovery.FilteredBy(verbs, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			resources = append(resources, version.WithResource(resource.Name))
		}
	}
	return resources, nil
}

// removeAll deletes the objects of one resource, and takes the finalizers off those that stay for them. What is gone
// already, the resource too, is no error.
func removeAll(ctx context.Context, objects metadata.ResourceInterface) error {
	none, background := int64(0), metav1.DeletePropagationBackground
	now := metav1.DeleteOptions{GracePeriodSeconds: &none, PropagationPolicy: &background}
	if err := objects.DeleteCollection(ctx, now, metav1.ListOptions{}); client.IgnoreNotFound(err) != nil {
		return err
	}
	staying, err := objects.List(ctx, metav1.ListOptions{})
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	for _, object := range staying.Items {
		_, err := objects.Patch(ctx, object.Name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}
