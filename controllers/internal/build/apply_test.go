package build_test

import (
	"bytes"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/aggregator"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
	"github.com/clicktally/clicktally/controllers/internal/build/pipeline"
	"github.com/clicktally/clicktally/controllers/internal/build/query"
	"github.com/clicktally/clicktally/controllers/internal/build/seal"
	"github.com/clicktally/clicktally/controllers/internal/build/tracker"
	"github.com/clicktally/clicktally/test/servers"
)

// everything are the objects of a case, built anew.
func everything(t *testing.T, c buildtest.Case, installation *build.Installation) []build.Desired {
	t.Helper()
	owner := buildtest.Owner("AggregationPipeline", c.Pipeline.Name)
	fleet := &tracker.Input{Tracker: c.Tracker, Pipeline: c.Pipeline, Installation: installation, Owner: buildtest.Owner("Tracker", c.Tracker.Name)}
	all, err := tracker.All(fleet)
	if err != nil {
		t.Fatal(err)
	}
	workers, err := aggregator.All(&aggregator.Input{Pipeline: c.Pipeline, Installation: installation, Owner: owner})
	if err != nil {
		t.Fatal(err)
	}
	readers, err := query.All(&query.Input{Pipeline: c.Pipeline, Installation: installation, Owner: owner, TokenSecret: "readers"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pipeline.Keys(&pipeline.Input{Pipeline: c.Pipeline, Installation: installation, Owner: owner}, bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	sources, err := tracker.Sources(fleet, []tracker.Source{{Namespace: "ads-emea", Name: "news.letter", Token: []byte("fedcba9876543210")}})
	if err != nil {
		t.Fatal(err)
	}
	drain, err := tracker.DrainJob(fleet, tracker.ClaimName(c.Tracker, 3))
	if err != nil {
		t.Fatal(err)
	}
	sealing, err := seal.All(&seal.Input{Schedule: c.Schedule, Pipeline: c.Pipeline, Installation: installation, Owner: buildtest.Owner("BillingSchedule", c.Schedule.Name)})
	if err != nil {
		t.Fatal(err)
	}
	all = append(append(append(all, workers...), readers...), sealing...)
	return append(all,
		build.Desired{Kind: corev1.SchemeGroupVersion.WithKind("Secret"), Name: "main-keys", Object: keys},
		build.Desired{Kind: corev1.SchemeGroupVersion.WithKind("Secret"), Name: "eu-sources", Object: sources},
		build.Desired{Kind: batchv1.SchemeGroupVersion.WithKind("Job"), Name: "journal-eu-3-drain", Object: drain})
}

// A real API server takes every object, and applying it again writes nothing: no field of ours is one
// that the server sets otherwise.
func TestTheAPIServerTakesEverythingOnce(t *testing.T) {
	config := servers.KubeAPI(t)
	kube, err := client.New(config, client.Options{Scheme: controllers.NewScheme()})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		of           buildtest.Case
		installation *build.Installation
	}{
		"minimal": {buildtest.Minimal(t), buildtest.Installation()},
		"full":    {buildtest.Full(t), buildtest.Guarded()},
	} {
		t.Run(name, func(t *testing.T) {
			c, namespace := test.of, servers.KubeNamespace(t, config)
			c.Pipeline.Namespace, c.Tracker.Namespace, c.Schedule.Namespace = namespace, namespace, namespace
			for _, object := range []client.Object{c.Pipeline, c.Tracker, c.Schedule} {
				if err := kube.Create(t.Context(), object); err != nil {
					t.Fatal(err)
				}
			}
			first, second := everything(t, c, test.installation), everything(t, c, test.installation)
			for i, d := range first {
				if d.Object == nil || d.Kind == tracker.KindHTTPRoute { // the Gateway API is not Kubernetes' own
					continue
				}
				// The client writes the answer into what it applied, so that cannot be applied twice.
				before, after := applied(t, kube, namespace, d), applied(t, kube, namespace, second[i])
				if before != after {
					t.Errorf("%s %s is written again: version %s, then %s", d.Kind.Kind, d.Name, before, after)
				}
			}
		})
	}
}

// applied is the version of an object after it was applied.
func applied(t *testing.T, kube client.Client, namespace string, d build.Desired) string {
	t.Helper()
	if err := kube.Apply(t.Context(), d.Object, client.FieldOwner(fieldOwner), client.ForceOwnership); err != nil {
		t.Fatalf("%s %s: %v", d.Kind.Kind, d.Name, err)
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(d.Kind)
	if err := kube.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: d.Name}, object); err != nil {
		t.Fatal(err)
	}
	return object.GetResourceVersion()
}
