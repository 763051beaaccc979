package query

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
)

func minimal(t *testing.T) *Input {
	return &Input{Pipeline: buildtest.Minimal(t).Pipeline, Installation: buildtest.Installation()}
}

func full(t *testing.T) *Input {
	p := buildtest.Full(t).Pipeline
	return &Input{
		Pipeline: p, Installation: buildtest.Guarded(), TokenSecret: "main-readers",
		Owner: buildtest.Owner("AggregationPipeline", p.Name),
	}
}

func deploymentOf(t *testing.T, in *Input) *appsv1.Deployment {
	t.Helper()
	deployment, err := Deployment(in)
	if err != nil {
		t.Fatal(err)
	}
	return buildtest.As[appsv1.Deployment](t, deployment)
}

func TestGoldenFiles(t *testing.T) {
	for name, in := range map[string]*Input{"minimal": minimal(t), "full": full(t)} {
		t.Run(name, func(t *testing.T) {
			all, err := All(in)
			if err != nil {
				t.Fatal(err)
			}
			buildtest.Golden(t, name, all)
		})
	}
}

func TestTheQueryServiceStartsAsItsPodSays(t *testing.T) {
	for name, in := range map[string]*Input{"minimal": minimal(t), "full": full(t)} {
		t.Run(name, func(t *testing.T) {
			buildtest.Nowhere(in.Pipeline)
			// It says so once everything was read and both ports are open.
			buildtest.Starts(t, "query", &deploymentOf(t, in).Spec.Template.Spec, "kafka is not as this process needs it")
		})
	}
}

// An edit of what the catalog carries must reach the service through the catalog alone (design 5).
func TestAnEditOfConfigurationLeavesTheServiceAsItIs(t *testing.T) {
	for name, edit := range map[string]func(*Input){
		"retention":        func(in *Input) { in.Pipeline.Spec.Retention.RawDays = 30 },
		"partitions":       func(in *Input) { in.Pipeline.Spec.Kafka.Partitions = 96 },
		"the archive":      func(in *Input) { in.Pipeline.Spec.Archive = nil },
		"the workers":      func(in *Input) { in.Pipeline.Spec.Aggregator = nil },
		"a newer operator": func(in *Input) { in.Installation.Images.Query = "registry.example:5000/clicktally/query:v9" },
	} {
		t.Run(name, func(t *testing.T) {
			in := full(t)
			before := deploymentOf(t, in)
			edit(in)
			if diff := cmp.Diff(before, deploymentOf(t, in)); diff != "" {
				t.Errorf("pods are replaced:\n%s", diff)
			}
		})
	}
}

func TestPodsAreRestrictedAndTheEndIsLongEnough(t *testing.T) {
	for name, in := range map[string]*Input{"minimal": minimal(t), "full": full(t)} {
		t.Run(name, func(t *testing.T) {
			pod := deploymentOf(t, in).Spec.Template
			buildtest.Restricted(t, &pod)
			const answers = 15 * time.Second // runtime/query: shutdownGrace
			sleeps := time.Duration(pod.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds) * time.Second
			if grace := time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second; sleeps == 0 || grace <= sleeps+answers {
				t.Errorf("killed after %v, it sleeps %v and answers for %v", grace, sleeps, answers)
			}
		})
	}
}

func TestReadersComeFromTheClusterAlone(t *testing.T) {
	spec := buildtest.As[networkingv1.NetworkPolicy](t, NetworkPolicy(minimal(t))).Spec
	for _, rule := range spec.Ingress {
		if len(rule.From) != 1 || rule.From[0].NamespaceSelector == nil || rule.From[0].IPBlock != nil {
			t.Errorf("port %s is open to %+v", rule.Ports[0].Port, rule.From)
		}
	}
}

func TestReadersNeedTheTokenOfTheSecret(t *testing.T) {
	for name, test := range map[string]struct {
		secret v1alpha1.ObjectName
		want   []string
	}{
		"with a Secret":    {"main-readers", []string{"/etc/clicktally/readers/token"}},
		"and without none": {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := minimal(t)
			in.TokenSecret = test.secret
			pod := deploymentOf(t, in).Spec.Template.Spec
			if diff := cmp.Diff(test.want, buildtest.Arguments(&pod)["--token-file"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOnlyAClusterThatDecidesGivesAToken(t *testing.T) {
	for decides, want := range map[v1alpha1.ReaderAuthorization]bool{"": false, v1alpha1.ReadersNone: false, v1alpha1.ReadersCluster: true} {
		in := full(t)
		in.Pipeline.Spec.Query.Authorization = decides
		pod := deploymentOf(t, in).Spec.Template.Spec
		arguments := buildtest.Arguments(&pod)
		_, asks := arguments["--authorize-by-cluster"]
		_, fixed := arguments["--token-file"]
		if asks != want || fixed == want || *pod.AutomountServiceAccountToken != want || pod.ServiceAccountName != "main-query" {
			t.Errorf("%q: asks %t, has a fixed token %t, mounts %t of %s", decides, asks, fixed, *pod.AutomountServiceAccountToken, pod.ServiceAccountName)
		}
		if want && !slices.Equal(arguments["--pipeline"], []string{in.Pipeline.Namespace + "/main"}) {
			t.Errorf("it asks about %q", arguments["--pipeline"])
		}
	}
}

func TestReplicasAndTheirBudget(t *testing.T) {
	in := minimal(t)
	if got := *deploymentOf(t, in).Spec.Replicas; got != 2 || DisruptionBudget(in) == nil {
		t.Errorf("nothing said is two with a budget, got %d", got)
	}
	in.Pipeline.Spec.Query = &v1alpha1.QueryWorkload{Workload: v1alpha1.Workload{Replicas: 1}}
	if got := *deploymentOf(t, in).Spec.Replicas; got != 1 || DisruptionBudget(in) != nil {
		t.Errorf("one has no budget, got %d", got)
	}
}

func TestEveryNameIsShortEnough(t *testing.T) {
	in := minimal(t)
	in.Pipeline.Name = strings.Repeat("very-long.", 25) + "eu"
	all, err := All(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if len(d.Name) > 63 {
			t.Errorf("%s %s has %d characters", d.Kind.Kind, d.Name, len(d.Name))
		}
	}
}
