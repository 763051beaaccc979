package status

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/clicktally/clicktally/test/servers"
)

// A cache that is behind the writer's own writes costs no request, and is looked at again; one that is behind
// another's write costs one, which changes nothing.
func TestAnOldObjectIsNotWritten(t *testing.T) {
	config := servers.KubeAPI(t)
	server, err := client.NewWithWatch(config, client.Options{Scheme: clientscheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	requests := 0
	w := &Writer{Owner: "clicktally", Client: interceptor.NewClient(server, interceptor.Funcs{
		SubResourceApply: func(ctx context.Context, to client.Client, sub string, what runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			requests++
			return to.SubResource(sub).Apply(ctx, what, opts...)
		},
	})}
	object := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: servers.KubeNamespace(t, config)},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web:1"}}},
			},
		},
	}
	if err := server.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	old := object.DeepCopy()
	write := func(object *appsv1.Deployment, generation int64) (again bool) {
		t.Helper()
		result, err := w.Apply(t.Context(), object, &appsv1.DeploymentStatus{ObservedGeneration: generation})
		if err != nil {
			t.Fatal(err)
		}
		return !result.IsZero()
	}
	if again := write(old, 1); again || requests != 1 {
		t.Fatalf("the first write: %d requests, again %t", requests, again)
	}
	if again := write(old, 2); !again || requests != 1 {
		t.Errorf("a cache that is behind our own write: %d requests, again %t", requests, again)
	}
	if err := server.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		t.Fatal(err)
	}
	fresh := object.DeepCopy()
	object.Labels = map[string]string{"by": "another"}
	if err := server.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if again := write(fresh, 3); !again || requests != 2 {
		t.Errorf("a cache that is behind another's write: %d requests, again %t", requests, again)
	}
	if again := write(object, 4); again || requests != 3 {
		t.Errorf("the newest form: %d requests, again %t", requests, again)
	}
	if err := server.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil || object.Status.ObservedGeneration != 4 {
		t.Errorf("observedGeneration %d, %v; want 4", object.Status.ObservedGeneration, err)
	}
}
