package aggregator

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
)

func minimal(t *testing.T) *Input {
	return &Input{Pipeline: buildtest.Minimal(t).Pipeline, Installation: buildtest.Installation()}
}

func full(t *testing.T) *Input {
	p := buildtest.Full(t).Pipeline
	return &Input{Pipeline: p, Installation: buildtest.Guarded(), Owner: buildtest.Owner("AggregationPipeline", p.Name)}
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

func TestTheAggregatorStartsAsItsPodSays(t *testing.T) {
	for name, in := range map[string]*Input{"minimal": minimal(t), "full": full(t)} {
		t.Run(name, func(t *testing.T) {
			buildtest.Nowhere(in.Pipeline)
			buildtest.Starts(t, "aggregator", &deploymentOf(t, in).Spec.Template.Spec, `"msg":"waiting for the catalog"`)
		})
	}
}

// An edit of what the catalog carries must reach the workers through the catalog alone (design 5).
func TestAnEditOfConfigurationLeavesTheWorkersAsTheyAre(t *testing.T) {
	for name, edit := range map[string]func(*Input){
		"retention":        func(in *Input) { in.Pipeline.Spec.Retention.RawDays = 30 },
		"accepted times":   func(in *Input) { in.Pipeline.Spec.Accept = nil },
		"the session gap":  func(in *Input) { in.Pipeline.Spec.Windows = nil },
		"partitions":       func(in *Input) { in.Pipeline.Spec.Kafka.Partitions = 96 },
		"copies":           func(in *Input) { in.Pipeline.Spec.Kafka.ReplicationFactor = 5 },
		"handed over ids":  func(in *Input) { in.Pipeline.Spec.IDOwners = []v1alpha1.IDOwner{{ID: "a", Namespace: "b"}} },
		"inputs":           func(in *Input) { in.Pipeline.Spec.Inputs = []v1alpha1.Input{{Topic: "a"}} },
		"the bucket":       func(in *Input) { in.Pipeline.Spec.Archive.S3.Bucket, in.Pipeline.Spec.Archive.After = "other", "48h" },
		"the readers":      func(in *Input) { in.Pipeline.Spec.Query = nil },
		"trackers' login":  func(in *Input) { in.Pipeline.Spec.Kafka.TrackerAuth.SecretRef.Name = "other" },
		"suspension":       func(in *Input) { in.Pipeline.Spec.Suspend = v1alpha1.SuspendReconciliation },
		"a newer operator": func(in *Input) { in.Installation.Images.Aggregator = "registry.example:5000/clicktally/aggregator:v9" },
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
			const leaves = 10 * time.Second // runtime/aggregate: stopTimeout
			if grace := time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second; grace < 2*leaves {
				t.Errorf("killed after %v", grace)
			}
		})
	}
}

// A worker opens its admin port when it starts, whether there is a catalog or not: one that does not is broken.
func TestAWorkerThatNeverAnswersIsStartedAgain(t *testing.T) {
	probe := deploymentOf(t, minimal(t)).Spec.Template.Spec.Containers[0].StartupProbe
	waits := time.Duration(probe.PeriodSeconds*probe.FailureThreshold) * time.Second
	if waits < 30*time.Second || waits > 5*time.Minute {
		t.Errorf("killed after %v", waits)
	}
}

func TestReplicasAndTheirBudget(t *testing.T) {
	for name, test := range map[string]struct {
		workload *v1alpha1.Workload
		replicas int32
		budget   bool
	}{
		"nothing said is two": {nil, 2, true},
		"zero is two":         {&v1alpha1.Workload{}, 2, true},
		"one has no budget":   {&v1alpha1.Workload{Replicas: 1}, 1, false},
		"eleven":              {&v1alpha1.Workload{Replicas: 11}, 11, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := minimal(t)
			in.Pipeline.Spec.Aggregator = test.workload
			if got := *deploymentOf(t, in).Spec.Replicas; got != test.replicas {
				t.Errorf("%d replicas", got)
			}
			if got := DisruptionBudget(in) != nil; got != test.budget {
				t.Errorf("a budget: %v", got)
			}
		})
	}
}

func TestNobodyReachesAWorkerButForMetrics(t *testing.T) {
	spec := buildtest.As[networkingv1.NetworkPolicy](t, NetworkPolicy(full(t))).Spec
	if len(spec.Ingress) != 1 || spec.Ingress[0].Ports[0].Port.StrVal != "admin" || len(spec.Ingress[0].From) != 1 {
		t.Errorf("%+v", spec.Ingress)
	}
	pod := labels.Set(deploymentOf(t, full(t)).Spec.Template.Labels)
	if !labels.SelectorFromSet(spec.PodSelector.MatchLabels).Matches(pod) {
		t.Error("the policy is not theirs")
	}
	if service := buildtest.As[corev1.Service](t, Service(full(t))); !labels.SelectorFromSet(service.Spec.Selector).Matches(pod) {
		t.Error("metrics do not find them")
	}
}

func TestAMistakeIsTheUsersToMend(t *testing.T) {
	in := minimal(t)
	in.Pipeline.Spec.Redis.Addresses = []v1alpha1.HostPort{"a:1", "b:1"}
	_, err := All(in)
	if invalid, ok := errors.AsType[*build.InvalidError](err); !ok || invalid.Field != "spec.redis.addresses" {
		t.Errorf("got %v", err)
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
