// Package judge reconciles the kinds that every process of a catalog follows, each in the same way: look what
// the pipelines make of an object, make conditions of it, write them. The kinds differ in their status structs.
package judge

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Kind says what is special about a kind. All fields are required unless stated otherwise.
type Kind[T client.Object] struct {
	Kind  string // compile.Kind...
	Owner string // of the fields of status
	New   func() T
	// Conditions and observedGeneration of the object's status.
	Conditions func(T) ([]metav1.Condition, int64)
	// Status is a pointer to what the status should be, Current to what it is.
	Status  func(T, Seen) any
	Current func(T) any
	// Verdict completes what became of an object, such as by references that the compiler does not follow. Optional.
	Verdict func(context.Context, T, []publishing.View, *status.Verdict) error
	// Watch adds what else a status follows from. Optional.
	Watch func(*builder.Builder)
}

// Seen is what a status is made of.
type Seen struct {
	Generation int64
	Conditions []metav1.Condition
	Views      []publishing.View // empty where the object could not be judged yet
}

type reconciler[T client.Object] struct {
	Kind[T]

	client     client.Client
	publishing *publishing.Publishing
	events     events.EventRecorder
	writer     *status.Writer
}

// Setup adds the kind's controller to the manager.
func Setup[T client.Object](manager ctrl.Manager, p *publishing.Publishing, kind Kind[T]) error {
	r := &reconciler[T]{
		Kind: kind, client: manager.GetClient(), publishing: p, events: manager.GetEventRecorder(kind.Owner),
		writer: &status.Writer{Client: manager.GetClient(), Owner: kind.Owner},
	}
	controller := ctrl.NewControllerManagedBy(manager).
		For(kind.New(), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(p.Source(kind.Kind))
	if kind.Watch != nil {
		kind.Watch(controller)
	}
	if err := controller.Complete(r); err != nil {
		return fmt.Errorf("%s controller: %w", kind.Kind, err)
	}
	return nil
}

// Reconcile writes what changed in one object's status.
func (r *reconciler[T]) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := r.New()
	if err := r.client.Get(ctx, request.NamespacedName, object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !object.GetDeletionTimestamp().IsZero() {
		return ctrl.Result{}, nil
	}
	seen, err := r.look(ctx, object)
	if err != nil || seen == nil {
		return ctrl.Result{}, err
	}
	next := r.Status(object, *seen)
	if equality.Semantic.DeepEqual(next, r.Current(object)) {
		return ctrl.Result{}, nil
	}
	result, err := r.writer.Apply(ctx, object, next)
	if err == nil && result.IsZero() {
		before, _ := r.Conditions(object)
		Tell(r.events, object, before, seen.Conditions)
	}
	return result, err
}

// look returns nil when there is nothing to say yet.
func (r *reconciler[T]) look(ctx context.Context, object T) (*Seen, error) {
	before, observed := r.Conditions(object)
	generation := object.GetGeneration()
	ref := compile.Ref{Kind: r.Kind.Kind, Namespace: object.GetNamespace(), Name: object.GetName()}
	if !status.Latched(before, v1alpha1.ConditionReady, generation) {
		r.publishing.Await(ref)
	}
	seen := &Seen{Generation: generation}
	views, settled := r.publishing.Views(ref, generation)
	if !settled {
		pipeline, trouble := r.publishing.Trouble()
		if trouble == nil || observed == generation {
			return nil, nil
		}
		seen.Conditions = status.Unknown(generation, 0, status.Waits(pipeline, trouble), before, metav1.Now())
		return seen, nil
	}
	best := publishing.Best(views)
	verdict := status.Verdict{
		Generation: generation, Problems: best.Problems, Served: best.Record.GetGeneration(),
		Programmed: status.Everywhere(views, generation, status.Latched(before, v1alpha1.ConditionProgrammed, generation)),
	}
	verdict.Serving = fmt.Sprintf("generation %d serves", generation)
	if r.Verdict != nil {
		if err := r.Verdict(ctx, object, views, &verdict); err != nil {
			return nil, err
		}
	}
	seen.Views, seen.Conditions = views, verdict.Conditions(before, metav1.Now())
	return seen, nil
}

// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Tell makes an event of a mistake that is new, and of its end.
func Tell(to events.EventRecorder, object client.Object, before, after []metav1.Condition) {
	was, is := status.Find(before, v1alpha1.ConditionStalled), status.Find(after, v1alpha1.ConditionStalled)
	switch {
	case is != nil && (was == nil || was.Reason != is.Reason || was.Message != is.Message):
		to.Eventf(object, nil, corev1.EventTypeWarning, is.Reason, "Compile", "%s", is.Message)
	case is == nil && was != nil:
		to.Eventf(object, nil, corev1.EventTypeNormal, v1alpha1.ReasonAccepted, "Compile", "generation %d is accepted", object.GetGeneration())
	}
}
