// Package query builds the objects of a pipeline's query service, which answers readers. See package
// build for the rules.
package query

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// Input is what the query service is built from. Pipeline and Installation are required.
type Input struct {
	Pipeline     *v1alpha1.AggregationPipeline
	Installation *build.Installation
	// Owner is the pipeline; nil: the objects have no owner.
	Owner *build.Owner
	// TokenSecret of the pipeline's namespace holds the bearer token that every read needs, under the
	// key token, where the cluster does not decide. Empty: whoever reaches the Service reads.
	TokenSecret v1alpha1.ObjectName
}

// Name of every object here.
func Name(p *v1alpha1.AggregationPipeline) string { return build.Base(p.Name) + "-query" }

func (in *Input) meta() *build.Meta {
	return &build.Meta{
		Namespace: in.Pipeline.Namespace, Component: build.Query, Instance: in.Pipeline.Name,
		Installation: in.Installation.Name, Owner: in.Owner,
	}
}

// All are the objects in the order in which they are applied, what must not exist included. The error
// is a build.InvalidError where the user has to act.
func All(in *Input) ([]build.Desired, error) {
	deployment, err := Deployment(in)
	if err != nil {
		return nil, err
	}
	name := Name(in.Pipeline)
	return []build.Desired{
		{Kind: corev1.SchemeGroupVersion.WithKind("ServiceAccount"), Name: name, Object: ServiceAccount(in)},
		{Kind: networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"), Name: name, Object: NetworkPolicy(in)},
		{Kind: corev1.SchemeGroupVersion.WithKind("Service"), Name: name, Object: Service(in)},
		{Kind: appsv1.SchemeGroupVersion.WithKind("Deployment"), Name: name, Object: deployment},
		{Kind: policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"), Name: name, Object: build.OrNone(DisruptionBudget(in))},
	}, nil
}
