package build_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
	"github.com/clicktally/clicktally/controllers/internal/build/tracker"
	"github.com/clicktally/clicktally/test/servers"
)

// fieldOwner is the operator's field manager here.
const fieldOwner = "clicktally"

// From replicas to autoscaling on a real API server: six pods stay six, and then the autoscaler says.
func TestSixPodsStaySixUntilTheAutoscalerSays(t *testing.T) {
	config := servers.KubeAPI(t)
	kube, err := client.New(config, client.Options{Scheme: controllers.NewScheme()})
	if err != nil {
		t.Fatal(err)
	}
	scales, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	c, namespace := buildtest.Minimal(t), servers.KubeNamespace(t, config)
	c.Tracker.Namespace, c.Tracker.Spec.Replicas = namespace, 6
	in := &tracker.Input{Tracker: c.Tracker, Pipeline: c.Pipeline, Installation: buildtest.Installation()}
	live := &appsv1.StatefulSet{}
	apply := func(want int32) {
		t.Helper()
		set, err := tracker.StatefulSet(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := kube.Apply(t.Context(), set, client.FieldOwner(fieldOwner), client.ForceOwnership); err != nil {
			t.Fatal(err)
		}
		if err := kube.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "eu"}, live); err != nil {
			t.Fatal(err)
		}
		if *live.Spec.Replicas != want {
			t.Fatalf("%d pods, want %d", *live.Spec.Replicas, want)
		}
		in.HeldReplicas = tracker.Held(live, fieldOwner)
	}
	apply(6)
	c.Tracker.Spec.Replicas, c.Tracker.Spec.Autoscaling = 0, &v1alpha1.Autoscaling{MaxReplicas: 40}
	apply(6)
	apply(6)
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "eu", Namespace: namespace}, Spec: autoscalingv1.ScaleSpec{Replicas: 9}}
	if _, err := scales.AppsV1().StatefulSets(namespace).UpdateScale(t.Context(), "eu", scale, metav1.UpdateOptions{FieldManager: "autoscaler"}); err != nil {
		t.Fatal(err)
	}
	if err := kube.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "eu"}, live); err != nil {
		t.Fatal(err)
	}
	if in.HeldReplicas = tracker.Held(live, fieldOwner); in.HeldReplicas != nil {
		t.Fatalf("the autoscaler said 9, and %d are held", *in.HeldReplicas)
	}
	apply(9)
	apply(9)
	c.Tracker.Spec.Replicas, c.Tracker.Spec.Autoscaling = 2, nil
	apply(2)
}

func TestNothingIsHeldOfAFleetThatIsNotThere(t *testing.T) {
	if got := tracker.Held(nil, fieldOwner); got != nil {
		t.Errorf("%d", *got)
	}
}
