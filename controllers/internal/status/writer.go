package status

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// lookAgain is when an object is looked at again whose cached form was old: the new one is on its way.
const lookAgain = 200 * time.Millisecond

// remember is how long the version of an own write is kept: caches are milliseconds behind.
const remember = 10 * time.Second

// Writer applies the whole status of one kind. It may be used by many workers.
type Writer struct {
	Client client.Client
	// Owner is the field owner, one per controller.
	Owner string

	mu    sync.Mutex
	wrote map[types.UID]version
	swept time.Time
}

// version is an object's resourceVersion after a write of ours.
type version struct {
	is string
	at time.Time
}

// old reports whether the object was read from a cache that does not have our last write yet.
func (w *Writer) old(object client.Object) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, ok := w.wrote[object.GetUID()]
	if !ok {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), last.is)
	return err == nil && order < 0
}

// note keeps what a write led to, and drops what was kept for long.
func (w *Writer) note(object client.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if now.Sub(w.swept) > remember {
		kept := map[types.UID]version{}
		for uid, v := range w.wrote {
			if now.Sub(v.at) <= remember {
				kept[uid] = v
			}
		}
		w.wrote, w.swept = kept, now
	}
	w.wrote[object.GetUID()] = version{object.GetResourceVersion(), now}
}

// Apply writes status, a pointer to the kind's status struct, of the object as it was read. It writes nothing
// when the object has changed since: then the result asks for another look. Of its own writes it knows without
// asking the API server. An object that is gone is no error.
func (w *Writer) Apply(ctx context.Context, object client.Object, status any) (reconcile.Result, error) {
	if w.old(object) {
		return reconcile.Result{RequeueAfter: lookAgain}, nil
	}
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
	w.note(applied)
	return reconcile.Result{}, nil
}
