package status

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// lookAgain is when an object is looked at again whose cached form was old: the new one is on its way.
const lookAgain = 200 * time.Millisecond

// Writer applies the whole status of one kind.
type Writer struct {
	Client client.Client
	// Owner is the field owner, one per controller.
	Owner string
}

// Apply writes status, a pointer to the kind's status struct, of the object as it was read. It writes nothing
// when the object has changed since: then the result asks for another look. An object that is gone is no error.
func (w *Writer) Apply(ctx context.Context, object client.Object, status any) (reconcile.Result, error) {
	gvk, err := apiutil.GVKForObject(object, w.Client.Scheme())
	if err != nil {
		return reconcile.Result{}, err
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(status)
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("convert status: %w", err)
	}
	applied := &unstructured.Unstructured{Object: map[string]any{"status": content}}
	applied.SetGroupVersionKind(gvk)
	applied.SetNamespace(object.GetNamespace())
	applied.SetName(object.GetName())
	applied.SetUID(object.GetUID())
	applied.SetResourceVersion(object.GetResourceVersion())
	err = w.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(applied), client.FieldOwner(w.Owner), client.ForceOwnership)
	switch {
	case apierrors.IsConflict(err):
		return reconcile.Result{RequeueAfter: lookAgain}, nil
	case apierrors.IsNotFound(err):
		return reconcile.Result{}, nil
	case err != nil:
		return reconcile.Result{}, fmt.Errorf("write status: %w", err)
	}
	return reconcile.Result{}, nil
}
