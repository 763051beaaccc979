// Package tracker builds the objects of a Tracker: its fleet, how visitors reach it, what bounds and
// scales it, and what ships a journal that was left behind. See package build for the rules.
package tracker

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Input is what a fleet is built from. Tracker, Pipeline and Installation are required.
type Input struct {
	Tracker *v1alpha1.Tracker
	// Pipeline is the one that the tracker names.
	Pipeline     *v1alpha1.AggregationPipeline
	Installation *build.Installation
	// Owner is the Tracker; nil: the objects have no owner.
	Owner *build.Owner
	// HeldReplicas stays the number of pods until the autoscaler owns it; see Held. It has no
	// effect without spec.autoscaling.
	HeldReplicas *int32
	// HoldSize keeps the autoscaler from shrinking the fleet: a pod that goes while Kafka is away
	// leaves its journal behind.
	HoldSize bool
}

// Kinds of the objects of a Tracker that come and go with its spec.
var (
	KindHTTPRoute = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	kindIngress   = networkingv1.SchemeGroupVersion.WithKind("Ingress")
	kindBudget    = policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget")
	kindScaler    = autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler")
)

// Name of the StatefulSet and of most other objects; a pod is Name-3, its claim journal-Name-3.
func Name(t *v1alpha1.Tracker) string { return build.Base(t.Name) }

// HeadlessName of the Service that names the pods.
func HeadlessName(t *v1alpha1.Tracker) string { return Name(t) + "-headless" }

func (in *Input) meta() *build.Meta {
	return &build.Meta{
		Namespace: in.Tracker.Namespace, Component: build.Tracker, Instance: in.Tracker.Name,
		Installation: in.Installation.Name, Owner: in.Owner,
	}
}

func (in *Input) image() string {
	return build.Pinned(in.Installation.Images.Tracker, in.Tracker.Spec.Version)
}

// login is the trackers' own, which needs fewer rights, or the pipeline's.
func (in *Input) login() *v1alpha1.KafkaAuth {
	return cmp.Or(in.Pipeline.Spec.Kafka.TrackerAuth, in.Pipeline.Spec.Kafka.Auth)
}

// All are the objects of a fleet in the order in which they are applied, what must not exist included.
// Sources and DrainJob are apart: they need what only a look at the cluster tells.
// The error is a build.InvalidError where the user has to act.
func All(in *Input) ([]build.Desired, error) {
	set, err := StatefulSet(in)
	if err != nil {
		return nil, err
	}
	scaler, err := Autoscaler(in)
	if err != nil {
		return nil, err
	}
	ingress, err := Ingress(in)
	if err != nil {
		return nil, err
	}
	routes, err := HTTPRoutes(in)
	if err != nil {
		return nil, err
	}
	name := Name(in.Tracker)
	all := []build.Desired{
		{Kind: corev1.SchemeGroupVersion.WithKind("ServiceAccount"), Name: name, Object: ServiceAccount(in)},
		{Kind: networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"), Name: name, Object: NetworkPolicy(in)},
		{Kind: corev1.SchemeGroupVersion.WithKind("Service"), Name: HeadlessName(in.Tracker), Object: HeadlessService(in)},
		{Kind: corev1.SchemeGroupVersion.WithKind("Service"), Name: name, Object: Service(in)},
		{Kind: appsv1.SchemeGroupVersion.WithKind("StatefulSet"), Name: name, Object: set},
		{Kind: kindBudget, Name: name, Object: build.OrNone(DisruptionBudget(in))},
		{Kind: kindScaler, Name: name, Object: build.OrNone(scaler)},
		{Kind: kindIngress, Name: name, Object: build.OrNone(ingress)},
	}
	for i, name := range routeNames(in.Tracker) {
		route := build.Desired{Kind: KindHTTPRoute, Name: name}
		if i < len(routes) {
			route.Object = client.ApplyConfigurationFromUnstructured(routes[i])
		}
		all = append(all, route)
	}
	return all, nil
}
