package tracker

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/tracker"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// finalizer keeps a deleted Tracker until what its pods had in their journals is shipped.
const finalizer = "clicktally.dev/journals"

// act applies the fleet and drains the claims of pods that are no more. left is how many of those there
// still are. What only the user can mend becomes a problem of the tracker.
func (r *reconciler) act(ctx context.Context, o *observed) (left int, err error) {
	in := o.input(r.installation)
	desired, err := tracker.All(in)
	if invalid, ok := errors.AsType[*build.InvalidError](err); ok {
		o.problem(invalid.Field, v1alpha1.ReasonInvalid, invalid.Problem)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := r.finalized(ctx, o.tracker, true); err != nil { // before there can be a claim
		return 0, err
	}
	foreign, err := r.applier.All(ctx, o.tracker, desired)
	for _, one := range foreign {
		o.problem("metadata.name", v1alpha1.ReasonNameTaken, one.Error())
	}
	if err != nil || len(foreign) > 0 {
		return 0, err
	}
	pods, err := r.wanted(ctx, o)
	if err != nil {
		return 0, err
	}
	unprojected := r.project(ctx, o)
	left, err = r.drain(ctx, o, pods)
	return left, errors.Join(err, unprojected)
}

// wanted is how many pods the fleet should have now, whoever said so. A cache may still hold the smaller
// number of a fleet that grows, and a claim that is about to be used would be drained.
func (r *reconciler) wanted(ctx context.Context, o *observed) (int32, error) {
	set := &appsv1.StatefulSet{}
	if err := r.live.Get(ctx, client.ObjectKey{Namespace: o.tracker.Namespace, Name: tracker.Name(o.tracker)}, set); err != nil {
		return 0, fmt.Errorf("look at the size of the fleet: %w", err)
	}
	return *set.Spec.Replicas, nil // which has a default
}

func (o *observed) problem(field, reason, message string) {
	o.problems = append(o.problems, compile.Problem{Field: field, Reason: reason, Message: message, Severity: compile.Error})
}

// +kubebuilder:rbac:groups=clicktally.dev,resources=trackers,verbs=patch

// finalized adds or removes the finalizer, when it is not so already.
func (r *reconciler) finalized(ctx context.Context, t *v1alpha1.Tracker, wanted bool) error {
	if controllerutil.ContainsFinalizer(t, finalizer) == wanted {
		return nil
	}
	next := t.DeepCopy()
	if wanted {
		controllerutil.AddFinalizer(next, finalizer)
	} else {
		controllerutil.RemoveFinalizer(next, finalizer)
	}
	err := r.client.Patch(ctx, next, client.MergeFromWithOptions(t, client.MergeFromWithOptimisticLock{}), client.FieldOwner(owner))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("change the finalizers of Tracker %s: %w", client.ObjectKeyFromObject(t), err)
	}
	return nil
}
