package tracker

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
)

// present names the objects that there are, and those that must not be.
func present(t *testing.T, in *Input) (there, absent []string) {
	t.Helper()
	all, err := All(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Object == nil {
			absent = append(absent, d.Kind.Kind+" "+d.Name)
		} else {
			there = append(there, d.Kind.Kind+" "+d.Name)
		}
	}
	return there, absent
}

func TestWhatExistsFollowsTheSpec(t *testing.T) {
	always := []string{"ServiceAccount eu", "NetworkPolicy eu", "Service eu-headless", "Service eu", "StatefulSet eu"}
	many := make([]v1alpha1.Host, 17)
	for i := range many {
		many[i] = v1alpha1.Host(fmt.Sprintf("t%d.example.com", i))
	}
	route := &v1alpha1.TrackerRoute{Type: v1alpha1.RouteHTTPRoute, ParentRefs: []v1alpha1.GatewayRef{{Name: "public"}}}
	for name, test := range map[string]struct {
		edit         func(*v1alpha1.TrackerSpec)
		more, absent []string
	}{
		"one pod, no route": {func(*v1alpha1.TrackerSpec) {}, nil, []string{"PodDisruptionBudget eu", "HorizontalPodAutoscaler eu", "Ingress eu", "HTTPRoute eu", "HTTPRoute eu-more"}},
		"two pods may be drained one by one": {
			func(s *v1alpha1.TrackerSpec) { s.Replicas = 2 },
			[]string{"PodDisruptionBudget eu"},
			[]string{"HorizontalPodAutoscaler eu", "Ingress eu", "HTTPRoute eu", "HTTPRoute eu-more"},
		},
		"an autoscaler": {func(s *v1alpha1.TrackerSpec) {
			s.Replicas, s.Autoscaling = 0, &v1alpha1.Autoscaling{MaxReplicas: 3}
		}, []string{"PodDisruptionBudget eu", "HorizontalPodAutoscaler eu"}, []string{"Ingress eu", "HTTPRoute eu", "HTTPRoute eu-more"}},
		"an autoscaler that stays at one pod": {func(s *v1alpha1.TrackerSpec) {
			s.Replicas, s.Autoscaling = 0, &v1alpha1.Autoscaling{MinReplicas: 1, MaxReplicas: 1}
		}, []string{"HorizontalPodAutoscaler eu"}, []string{"PodDisruptionBudget eu", "Ingress eu", "HTTPRoute eu", "HTTPRoute eu-more"}},
		"route None": {
			func(s *v1alpha1.TrackerSpec) { s.Route = &v1alpha1.TrackerRoute{Type: v1alpha1.RouteNone} }, nil,
			[]string{"PodDisruptionBudget eu", "HorizontalPodAutoscaler eu", "Ingress eu", "HTTPRoute eu", "HTTPRoute eu-more"},
		},
		"an Ingress": {
			func(s *v1alpha1.TrackerSpec) { s.Route = &v1alpha1.TrackerRoute{Type: v1alpha1.RouteIngress} },
			[]string{"Ingress eu"},
			[]string{"PodDisruptionBudget eu", "HorizontalPodAutoscaler eu", "HTTPRoute eu", "HTTPRoute eu-more"},
		},
		"an HTTPRoute": {
			func(s *v1alpha1.TrackerSpec) { s.Route = route },
			[]string{"HTTPRoute eu"},
			[]string{"PodDisruptionBudget eu", "HorizontalPodAutoscaler eu", "Ingress eu", "HTTPRoute eu-more"},
		},
		"more domains than an HTTPRoute takes": {
			func(s *v1alpha1.TrackerSpec) { s.Route, s.Domains = route, many },
			[]string{"HTTPRoute eu", "HTTPRoute eu-more"},
			[]string{"PodDisruptionBudget eu", "HorizontalPodAutoscaler eu", "Ingress eu"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := minimal(t)
			test.edit(&in.Tracker.Spec)
			there, absent := present(t, in)
			if diff := cmp.Diff(slices.Concat(always, test.more), there); diff != "" {
				t.Errorf("there are:\n%s", diff)
			}
			if diff := cmp.Diff(test.absent, absent); diff != "" {
				t.Errorf("must not be:\n%s", diff)
			}
		})
	}
}

func TestAllDomainsAreRoutedOnce(t *testing.T) {
	in := full(t)
	in.Tracker.Spec.Domains = nil
	var want []string
	for i := range 32 {
		want = append(want, fmt.Sprintf("t%d.example.com", i))
		in.Tracker.Spec.Domains = append(in.Tracker.Spec.Domains, v1alpha1.Host(want[i]))
	}
	routes, err := HTTPRoutes(in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, route := range routes {
		hosts, _, err := unstructured.NestedStringSlice(route.Object, "spec", "hostnames")
		if err != nil || len(hosts) > 16 {
			t.Errorf("%d hostnames, an HTTPRoute takes 16: %v", len(hosts), err)
		}
		got = append(got, hosts...)
		if owners := route.GetOwnerReferences(); len(owners) != 1 || owners[0].Kind != "Tracker" {
			t.Errorf("owned by %v", owners)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestARouteTakesNoAddress(t *testing.T) {
	for _, kind := range []v1alpha1.RouteType{v1alpha1.RouteIngress, v1alpha1.RouteHTTPRoute} {
		in := minimal(t)
		in.Tracker.Spec.Domains = []v1alpha1.Host{"t.example.com", "203.0.113.7"}
		in.Tracker.Spec.Route = &v1alpha1.TrackerRoute{Type: kind}
		_, err := All(in)
		if invalid, ok := errors.AsType[*build.InvalidError](err); !ok || invalid.Field != "spec.domains[1]" {
			t.Errorf("%s: got %v", kind, err)
		}
		in.Tracker.Spec.Route.Type = v1alpha1.RouteNone
		if _, err := All(in); err != nil {
			t.Errorf("without a route an address is fine: %v", err)
		}
	}
}

func TestTheAutoscaler(t *testing.T) {
	in := minimal(t)
	autoscaled(in)
	scalerOf := func() autoscalingv2.HorizontalPodAutoscalerSpec {
		scaler, err := Autoscaler(in)
		if err != nil {
			t.Fatal(err)
		}
		return buildtest.As[autoscalingv2.HorizontalPodAutoscaler](t, scaler).Spec
	}
	spec := scalerOf()
	if *spec.MinReplicas != 2 || spec.MaxReplicas != 40 || *spec.Metrics[0].ContainerResource.Target.AverageUtilization != 60 {
		t.Errorf("defaults are 2 pods and 60 %%, got %+v", spec)
	}
	if container := setOf(t, in).Spec.Template.Spec.Containers[0].Name; spec.Metrics[0].ContainerResource.Container != container {
		t.Errorf("it looks at %q, the container is %q", spec.Metrics[0].ContainerResource.Container, container)
	}
	if *spec.Behavior.ScaleDown.SelectPolicy != autoscalingv2.MaxChangePolicySelect {
		t.Error("the fleet never shrinks")
	}
	in.HoldSize = true
	if spec = scalerOf(); *spec.Behavior.ScaleDown.SelectPolicy != autoscalingv2.DisabledPolicySelect {
		t.Error("the fleet shrinks while Kafka is away")
	}
	if spec.Behavior.ScaleUp != nil {
		t.Error("the fleet may always grow")
	}
}

func TestAnAutoscalerNeedsARequestForCPU(t *testing.T) {
	for name, test := range map[string]struct {
		requests, limits corev1.ResourceList
		fails            bool
	}{
		"neither":              {nil, nil, true},
		"memory only":          {corev1.ResourceList{"memory": *quantity("1Gi")}, nil, true},
		"a request":            {corev1.ResourceList{"cpu": *quantity("1")}, nil, false},
		"a limit is a request": {nil, corev1.ResourceList{"cpu": *quantity("1")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := minimal(t)
			autoscaled(in)
			in.Tracker.Spec.Pod = &v1alpha1.PodOverrides{Resources: &corev1.ResourceRequirements{Requests: test.requests, Limits: test.limits}}
			_, err := All(in)
			if invalid, ok := errors.AsType[*build.InvalidError](err); ok != test.fails || ok && invalid.Field != "spec.pod.resources" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEveryNameIsShortEnough(t *testing.T) {
	in := full(t)
	in.Tracker.Name = strings.Repeat("very-long.", 25) + "eu"
	in.Tracker.Spec.Domains = make([]v1alpha1.Host, 17)
	for i := range in.Tracker.Spec.Domains {
		in.Tracker.Spec.Domains[i] = v1alpha1.Host(fmt.Sprintf("t%d.example.com", i))
	}
	there, absent := present(t, in)
	names := append(slices.Concat(there, absent), "Secret "+SourcesName(in.Tracker), "Pod "+Name(in.Tracker)+"-999", "Job "+DrainName(ClaimName(in.Tracker, 999)))
	for _, name := range names {
		kind, name, _ := strings.Cut(name, " ")
		if most := map[string]int{"StatefulSet": 52}[kind]; len(name) > 63 || most > 0 && len(name) > most {
			t.Errorf("%s %s has %d characters", kind, name, len(name))
		}
	}
}

func TestTheSourcesSecret(t *testing.T) {
	in := minimal(t)
	a, b := Source{"ads-emea", "news.letter", []byte("token-1")}, Source{"ads-us", "propeller", []byte("token-2")}
	one, err := Sources(in, []Source{a, b})
	if err != nil {
		t.Fatal(err)
	}
	secret := buildtest.As[corev1.Secret](t, one)
	if diff := cmp.Diff(map[string][]byte{"ads-emea.news.letter": []byte("token-1"), "ads-us.propeller": []byte("token-2")}, secret.Data); diff != "" {
		t.Error(diff)
	}
	other, err := Sources(in, []Source{b, a})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(secret, buildtest.As[corev1.Secret](t, other)); diff != "" {
		t.Errorf("the order counts:\n%s", diff)
	}
	var many []Source
	for i := range 300 {
		many = append(many, Source{"ads", fmt.Sprintf("s%d", i), bytes.Repeat([]byte("k"), 4<<10)})
	}
	if _, err := Sources(in, many); err == nil {
		t.Error("1.2 MiB are taken, Kubernetes takes 1")
	}
	mounted := false
	for _, v := range setOf(t, in).Spec.Template.Spec.Volumes {
		mounted = mounted || v.Secret != nil && v.Secret.SecretName == secret.Name && *v.Secret.Optional
	}
	if !mounted {
		t.Error("the fleet does not mount it, or does not start without it")
	}
}

func TestADrainingJobIsNoPartOfTheFleet(t *testing.T) {
	in := full(t)
	applied, err := DrainJob(in, ClaimName(in.Tracker, 3))
	if err != nil {
		t.Fatal(err)
	}
	job, set := buildtest.As[batchv1.Job](t, applied), setOf(t, in)
	pod := labels.Set(job.Spec.Template.Labels)
	service := buildtest.As[corev1.Service](t, Service(in))
	budget := buildtest.As[policyv1.PodDisruptionBudget](t, DisruptionBudget(in))
	for name, selector := range map[string]map[string]string{
		"StatefulSet": set.Spec.Selector.MatchLabels, "Service": service.Spec.Selector, "PodDisruptionBudget": budget.Spec.Selector.MatchLabels,
	} {
		if labels.SelectorFromSet(selector).Matches(pod) {
			t.Errorf("the %s selects it", name)
		}
		if !labels.SelectorFromSet(selector).Matches(labels.Set(set.Spec.Template.Labels)) {
			t.Errorf("the %s does not select trackers", name)
		}
	}
	buildtest.Restricted(t, &job.Spec.Template)
	spec := &job.Spec.Template.Spec
	if claim := spec.Volumes[0].PersistentVolumeClaim; claim == nil || claim.ClaimName != "journal-eu-3" || claim.ReadOnly {
		t.Errorf("it does not write to the claim: %+v", spec.Volumes[0])
	}
	if spec.Affinity.PodAntiAffinity != nil || spec.Affinity.NodeAffinity == nil || len(spec.Tolerations) != 1 || spec.TopologySpreadConstraints != nil {
		t.Error("it must get to the claim's node, whoever else is there")
	}
	if spec.RestartPolicy != corev1.RestartPolicyOnFailure || *job.Spec.BackoffLimit < 1<<30 || job.Spec.ActiveDeadlineSeconds != nil {
		t.Error("it gives up")
	}
	if fleet := &set.Spec.Template.Spec; argument(t, spec, "--journal-size") != argument(t, fleet, "--journal-size") ||
		argument(t, spec, "--journal-dir") != argument(t, fleet, "--journal-dir") || spec.Containers[0].Image != fleet.Containers[0].Image {
		t.Error("it reads another journal than the fleet wrote")
	}
}

func TestWhoReachesATracker(t *testing.T) {
	for name, test := range map[string]struct {
		installation *build.Installation
		metrics      map[string]string
	}{
		"metrics from anywhere in the cluster": {buildtest.Installation(), nil},
		"metrics from one namespace":           {buildtest.Guarded(), map[string]string{"kubernetes.io/metadata.name": "monitoring"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := minimal(t)
			in.Installation = test.installation
			spec := buildtest.As[networkingv1.NetworkPolicy](t, NetworkPolicy(in)).Spec
			if len(spec.Ingress) != 2 || spec.Ingress[0].Ports[0].Port.StrVal != "http" || spec.Ingress[0].From != nil {
				t.Errorf("visitors come from anywhere: %+v", spec.Ingress)
			}
			admin := spec.Ingress[1]
			if admin.Ports[0].Port.StrVal != "admin" || len(admin.From) != 1 || !cmp.Equal(admin.From[0].NamespaceSelector.MatchLabels, test.metrics) {
				t.Errorf("metrics: %+v", admin)
			}
			if len(spec.PolicyTypes) != 1 || spec.PolicyTypes[0] != networkingv1.PolicyTypeIngress {
				t.Error("the way to the stores is closed")
			}
		})
	}
}
