package apply

import (
	"context"
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/test/servers"
)

// rig is an applier on a real API server that counts what it writes.
type rig struct {
	*Applier
	t         *testing.T
	server    client.Client
	namespace string
	owner     *corev1.ConfigMap
	writes    int
}

func newRig(t *testing.T) *rig {
	config := servers.KubeAPI(t)
	server, err := client.NewWithWatch(config, client.Options{Scheme: clientscheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, server: server, namespace: servers.KubeNamespace(t, config)}
	counting := interceptor.NewClient(server, interceptor.Funcs{
		Apply: func(ctx context.Context, to client.WithWatch, what runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			r.writes++
			return to.Apply(ctx, what, opts...)
		},
	})
	r.Applier = &Applier{Client: counting, Reader: server, Owner: "clicktally"}
	r.owner = r.makeConfigMap("owner")
	return r
}

func (r *rig) makeConfigMap(name string) *corev1.ConfigMap {
	r.t.Helper()
	made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: r.namespace}}
	if err := r.server.Create(r.t.Context(), made); err != nil {
		r.t.Fatal(err)
	}
	return made
}

// workload is a Deployment of so many replicas; with label its template carries one more.
func (r *rig) workload(replicas int32, label bool) build.Desired {
	labels := map[string]string{"app": "web"}
	if label {
		labels["tier"] = "front"
	}
	spec := applyappsv1.DeploymentSpec().WithReplicas(replicas).
		WithSelector(applymetav1.LabelSelector().WithMatchLabels(map[string]string{"app": "web"})).
		WithTemplate(applycorev1.PodTemplateSpec().WithLabels(labels).
			WithSpec(applycorev1.PodSpec().WithContainers(applycorev1.Container().WithName("web").WithImage("web:1"))))
	return build.Desired{
		Kind: appsv1.SchemeGroupVersion.WithKind("Deployment"), Name: "web",
		Object: applyappsv1.Deployment("web", r.namespace).WithOwnerReferences(reference(r.owner)).WithSpec(spec),
	}
}

func reference(owner *corev1.ConfigMap) *build.Owner {
	return applymetav1.OwnerReference().WithAPIVersion("v1").WithKind("ConfigMap").WithName(owner.Name).WithUID(owner.UID).WithController(true)
}

func (r *rig) apply(desired build.Desired) {
	r.t.Helper()
	if err := r.Apply(r.t.Context(), r.owner, desired); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) deployment() *appsv1.Deployment {
	r.t.Helper()
	found := &appsv1.Deployment{}
	if err := r.server.Get(r.t.Context(), client.ObjectKey{Namespace: r.namespace, Name: "web"}, found); err != nil {
		r.t.Fatal(err)
	}
	return found
}

func (r *rig) wroteSince(before, want int, when string) {
	r.t.Helper()
	if got := r.writes - before; got != want {
		r.t.Errorf("%s: %d writes, want %d", when, got, want)
	}
}

func TestAnObjectIsKeptAsDesired(t *testing.T) {
	r := newRig(t)
	r.apply(r.workload(3, true))
	if made := r.deployment(); !metav1.IsControlledBy(made, r.owner) || *made.Spec.Replicas != 3 {
		t.Errorf("made with %d replicas and owners %v", *made.Spec.Replicas, made.OwnerReferences)
	}

	before := r.writes
	r.apply(r.workload(3, true))
	r.wroteSince(before, 0, "nothing changed")

	changed := r.deployment()
	changed.Spec.Replicas = new(int32(1))
	changed.Annotations = map[string]string{"somebody": "else"}
	if err := r.server.Update(t.Context(), changed, client.FieldOwner("kubectl-edit")); err != nil {
		t.Fatal(err)
	}
	r.apply(r.workload(3, true))
	if got := r.deployment(); *got.Spec.Replicas != 3 || got.Annotations["somebody"] != "else" {
		t.Errorf("a change of ours stayed, or somebody's own field went: %d replicas, %v", *got.Spec.Replicas, got.Annotations)
	}

	r.apply(r.workload(3, false))
	if labels := r.deployment().Spec.Template.Labels; labels["tier"] != "" || labels["app"] != "web" {
		t.Errorf("a field that is no longer desired stayed, or another went: %v", labels)
	}

	before = r.writes
	r.apply(r.workload(3, false))
	r.wroteSince(before, 0, "repaired and left alone")

	if err := r.server.Delete(t.Context(), r.deployment()); err != nil {
		t.Fatal(err)
	}
	r.apply(r.workload(3, false))
	r.deployment() // is there again
}

// A restarted operator has forgotten what it applied. It applies once, which changes nothing.
func TestARestartChangesNothing(t *testing.T) {
	r := newRig(t)
	r.apply(r.workload(2, true))
	version := r.deployment().ResourceVersion
	r.applied = nil
	r.apply(r.workload(2, true))
	if got := r.deployment().ResourceVersion; got != version {
		t.Errorf("the object was written: version %s after %s", got, version)
	}
}

func TestWhatBelongsToOthersIsNotTouched(t *testing.T) {
	r := newRig(t)
	other := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: r.namespace}, Spec: appsv1.DeploymentSpec{
		Replicas: new(int32(7)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "other", Image: "other:1"}}},
		},
	}}
	if err := r.server.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := r.Apply(t.Context(), r.owner, r.workload(3, true)); !errors.Is(err, ErrForeign) {
		t.Errorf("a stranger's object: %v", err)
	}
	if err := r.Apply(t.Context(), r.makeConfigMap("another"), r.workload(3, true)); !errors.Is(err, ErrForeign) {
		t.Errorf("another owner's object: %v", err)
	}
	if got := r.deployment(); *got.Spec.Replicas != 7 || len(got.OwnerReferences) != 0 {
		t.Errorf("the stranger's object changed: %d replicas, owners %v", *got.Spec.Replicas, got.OwnerReferences)
	}
}

func TestWhatIsNoLongerDesiredGoesUnlessItBelongsToOthers(t *testing.T) {
	r := newRig(t)
	none := func(kind schema.GroupVersionKind, name string) build.Desired {
		return build.Desired{Kind: kind, Name: name}
	}
	deployment := appsv1.SchemeGroupVersion.WithKind("Deployment")
	r.apply(none(deployment, "web"))
	r.apply(r.workload(1, false))
	r.apply(none(deployment, "web"))
	err := r.server.Get(t.Context(), client.ObjectKey{Namespace: r.namespace, Name: "web"}, &appsv1.Deployment{})
	if !apierrors.IsNotFound(err) || len(r.applied) != 0 {
		t.Errorf("the object is there, or remembered: %v, %v", err, r.applied)
	}
	r.apply(none(corev1.SchemeGroupVersion.WithKind("ConfigMap"), "owner"))
	if err := r.server.Get(t.Context(), client.ObjectKeyFromObject(r.owner), &corev1.ConfigMap{}); err != nil {
		t.Errorf("an object that the owner does not control: %v", err)
	}
	// An API that the cluster does not have.
	r.apply(none(schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}, "web"))
}
