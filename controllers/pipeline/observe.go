package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build/aggregator"
	"github.com/clicktally/clicktally/controllers/internal/build/query"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
)

// observed is all that the workloads and the status of a pipeline are made of.
type observed struct {
	pipeline *v1alpha1.AggregationPipeline
	catalog  publishing.PipelineState
	rollouts []rollout
	problems []compile.Problem // of the builders, beside those of the catalog
}

// rollout is how far one of the Deployments has come.
type rollout struct {
	what                     string
	wanted, updated, standby int32 // pods that should be, that are of the new form, and that are ready
	done                     bool  // all of them are of the new form and ready
}

// observe returns nil when there is nothing to do: the pipeline is gone or going, or will be judged soon.
func (r *reconciler) observe(ctx context.Context, request ctrl.Request) (*observed, error) {
	pipeline := &v1alpha1.AggregationPipeline{}
	if err := r.client.Get(ctx, request.NamespacedName, pipeline); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	r.publishing.Await(compile.Ref{Kind: compile.KindPipeline, Namespace: request.Namespace, Name: request.Name})
	catalog, known := r.publishing.Pipeline(request.NamespacedName)
	if !pipeline.DeletionTimestamp.IsZero() || !known {
		return nil, nil
	}
	if catalog.Judged && catalog.Standing.Generation < pipeline.Generation && pipeline.Spec.Suspend != v1alpha1.SuspendReconciliation {
		return nil, nil // the publisher has not seen this edit; it will tell. While suspended it judges none
	}
	seen := &observed{pipeline: pipeline, catalog: catalog}
	for what, name := range map[string]string{"aggregator": aggregator.Name(pipeline), "query": query.Name(pipeline)} {
		deployment := &appsv1.Deployment{}
		key := client.ObjectKey{Namespace: pipeline.Namespace, Name: name}
		if err := r.client.Get(ctx, key, deployment); client.IgnoreNotFound(err) != nil {
			return nil, err
		}
		seen.rollouts = append(seen.rollouts, rolloutOf(what, deployment))
	}
	slices.SortFunc(seen.rollouts, func(a, b rollout) int { return strings.Compare(a.what, b.what) })
	seen.ownLog()
	return seen, nil
}

func rolloutOf(what string, d *appsv1.Deployment) rollout {
	if d.Spec.Replicas == nil {
		return rollout{what: what} // not there yet
	}
	r := rollout{what: what, wanted: *d.Spec.Replicas, updated: d.Status.UpdatedReplicas, standby: d.Status.AvailableReplicas}
	r.done = d.Status.ObservedGeneration >= d.Generation && r.updated == r.wanted && r.standby >= r.wanted && d.Status.Replicas == r.wanted
	return r
}

// ownLog makes it a problem when the topics are not those of this pipeline.
func (o *observed) ownLog() {
	switch err := o.catalog.Err; {
	case errors.Is(err, publish.ErrPrefixOwned):
		o.problem("spec.kafka.topicPrefix", v1alpha1.ReasonPrefixOwned, fmt.Sprintf(
			"%q belongs to another pipeline, whose catalog is left alone: make this one again with a prefix of its own", o.pipeline.Spec.Kafka.TopicPrefix))
	case errors.Is(err, publish.ErrTopicReplaced):
		o.problem("spec.kafka.topicPrefix", v1alpha1.ReasonTopicReplaced,
			"a topic was deleted and made again, so that offsets mean nothing any more: acknowledge it with `clicktally recover`")
	}
}

// acts reports whether the workloads are the operator's matter: not while the pipeline is suspended, nor
// with a mistake in it, nor before anybody has seen that its topics are its own. What runs goes on.
func (o *observed) acts() bool {
	running := slices.ContainsFunc(o.rollouts, func(r rollout) bool { return r.wanted > 0 })
	return o.pipeline.Spec.Suspend != v1alpha1.SuspendReconciliation && (o.catalog.Judged || running) && len(o.problems) == 0 &&
		!slices.ContainsFunc(o.catalog.Standing.Problems, func(p compile.Problem) bool { return p.Severity == compile.Error })
}
