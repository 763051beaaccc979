package tracker

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
)

func minimal(t *testing.T) *Input {
	c := buildtest.Minimal(t)
	return &Input{Tracker: c.Tracker, Pipeline: c.Pipeline, Installation: buildtest.Installation()}
}

func full(t *testing.T) *Input {
	c := buildtest.Full(t)
	return &Input{Tracker: c.Tracker, Pipeline: c.Pipeline, Installation: buildtest.Guarded(), Owner: buildtest.Owner("Tracker", c.Tracker.Name)}
}

// ingress is the minimal tracker behind an Ingress, with its journal on the node's disk.
func ingress(t *testing.T) *Input {
	in := minimal(t)
	in.Tracker.Spec.Replicas = 6
	in.Tracker.Spec.Domains = []v1alpha1.Host{"t.example.com", "go.example.net"}
	in.Tracker.Spec.Route = &v1alpha1.TrackerRoute{Type: v1alpha1.RouteIngress, IngressClassName: "public"}
	in.Tracker.Spec.Journal = &v1alpha1.Journal{Volume: v1alpha1.JournalEmptyDir}
	return in
}

func TestGoldenFiles(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *Input{"minimal": minimal, "full": full, "ingress": ingress} {
		t.Run(name, func(t *testing.T) {
			in := make(t)
			all, err := All(in)
			if err != nil {
				t.Fatal(err)
			}
			sources, err := Sources(in, []Source{
				{Namespace: "ads-us", Name: "propeller", Token: []byte("0123456789abcdef")},
				{Namespace: "ads-emea", Name: "news.letter", Token: []byte("fedcba9876543210")},
			})
			if err != nil {
				t.Fatal(err)
			}
			drain, err := DrainJob(in, ClaimName(in.Tracker, 3))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all,
				build.Desired{Kind: corev1.SchemeGroupVersion.WithKind("Secret"), Name: "eu-sources", Object: sources},
				build.Desired{Kind: batchv1.SchemeGroupVersion.WithKind("Job"), Name: "journal-eu-3-drain", Object: drain})
			buildtest.Golden(t, name, all)
		})
	}
}
