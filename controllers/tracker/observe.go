package tracker

import (
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/apply"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/tracker"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// observed is all that the fleet and the status of a tracker are made of.
type observed struct {
	tracker  *v1alpha1.Tracker
	pipeline *v1alpha1.AggregationPipeline // nil when there is none of that name
	view     *publishing.View              // nil where the tracker could not be judged
	trouble  error                         // why the catalog is not published
	set      *appsv1.StatefulSet           // nil before it is made
	problems []compile.Problem             // of the builders, beside those of the catalog

	campaigns int32  // that it serves
	newest    int64  // offset of the newest record of the catalog, -1 before it is known
	silent    string // a ready pod that has not reported for long, if any
}

// observe returns nil when there is nothing to do: the tracker is gone, or will be judged soon.
func (r *reconciler) observe(ctx context.Context, request ctrl.Request) (*observed, error) {
	o := &observed{tracker: &v1alpha1.Tracker{}, pipeline: &v1alpha1.AggregationPipeline{}, set: &appsv1.StatefulSet{}}
	if err := r.client.Get(ctx, request.NamespacedName, o.tracker); err != nil {
		delete(r.written, request.NamespacedName)
		delete(r.projected, request.NamespacedName)
		delete(r.unheard, request.NamespacedName)
		return nil, client.IgnoreNotFound(err)
	}
	key := client.ObjectKey{Namespace: request.Namespace, Name: string(o.tracker.Spec.PipelineRef.Name)}
	err := r.client.Get(ctx, key, o.pipeline)
	if apierrors.IsNotFound(err) {
		o.pipeline, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = r.client.Get(ctx, client.ObjectKey{Namespace: request.Namespace, Name: tracker.Name(o.tracker)}, o.set)
	if apierrors.IsNotFound(err) {
		o.set, err = nil, nil
	}
	if err != nil || o.deleted() {
		return o, err
	}
	ref := compile.Ref{Kind: compile.KindTracker, Namespace: request.Namespace, Name: request.Name}
	r.publishing.Await(ref)
	views, settled := r.publishing.Views(ref, o.tracker.Generation)
	if settled {
		o.view = publishing.Best(views)
		o.trouble = o.view.Err
		state, _ := r.publishing.Pipeline(key)
		o.newest, o.campaigns = state.Offset, r.publishing.Reach(o.name()).Campaigns
		o.silent = r.silence(request.NamespacedName, o.unheard(), time.Now())
		return o, nil
	}
	state, known := r.publishing.Pipeline(key)
	if o.trouble = state.Err; !known || o.trouble == nil {
		return nil, nil // the publisher has not seen this edit; it will tell
	}
	return o, nil
}

func (o *observed) deleted() bool { return !o.tracker.DeletionTimestamp.IsZero() }

// acts reports whether the fleet is the operator's matter: not while the tracker is suspended, nor with a
// mistake in it, nor before anybody has judged it. What runs goes on.
func (o *observed) acts() bool {
	return o.tracker.Spec.Suspend != v1alpha1.SuspendReconciliation && o.pipeline != nil && o.view != nil &&
		!slices.ContainsFunc(o.view.Problems, func(p compile.Problem) bool { return p.Severity == compile.Error })
}

// input is what the builders are given.
func (o *observed) input(installation *build.Installation) *tracker.Input {
	return &tracker.Input{
		Tracker: o.tracker, Pipeline: o.pipeline, Installation: installation,
		Owner:        apply.OwnerOf(o.tracker, v1alpha1.GroupVersion.WithKind("Tracker")),
		HeldReplicas: tracker.Held(o.set, string(apply.FieldOwner)),
		HoldSize:     o.trouble != nil,
	}
}

// pods is how many pods there should be: what the StatefulSet says, whoever set it.
func (o *observed) pods() int32 {
	if o.set == nil || o.set.Spec.Replicas == nil {
		return 0
	}
	return *o.set.Spec.Replicas
}
