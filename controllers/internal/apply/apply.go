// Package apply brings owned objects to their desired state by server-side apply: what somebody else
// changed of it is repaired, what nobody changed is not written again, and what belongs to others is
// never touched.
package apply

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// ErrForeign says that an object of the desired name is there and belongs to somebody else.
var ErrForeign = errors.New("an object of this name belongs to somebody else: rename it, or delete it")

// FieldOwner is the name under which the operator owns the fields of its workloads.
const FieldOwner client.FieldOwner = "clicktally-operator"

// Applier applies objects as one field owner. It is safe for concurrent use.
type Applier struct {
	// Client reads from the manager's cache, which keeps the owner's entries of metadata.managedFields, and writes.
	Client client.Client
	// Reader asks the API server itself: a cache that is filtered does not see what belongs to others.
	Reader client.Reader
	// Owner is the name under which fields are owned.
	Owner client.FieldOwner

	mu      sync.Mutex
	applied map[types.UID]applied
}

// applied is what an object was after it was applied last.
type applied struct {
	desired [sha256.Size]byte // all that was asked for
	owned   [sha256.Size]byte // the fields that were ours then; somebody else's change takes fields away
}

// Apply makes one object of the owner's namespace be as desired. Its owner reference is the builder's
// matter; one that must not exist is deleted. Fields that are not stated are left to others, fields that
// were stated before and no longer are removed. Nothing is written while the object is as it was left.
// The error wraps ErrForeign for an object that owner does not control, which stays as it is.
func (a *Applier) Apply(ctx context.Context, owner client.Object, desired build.Desired) error {
	key := client.ObjectKey{Namespace: owner.GetNamespace(), Name: desired.Name}
	what := fmt.Sprintf("%s %s", desired.Kind.Kind, key)
	readers := []client.Reader{a.Client}
	if desired.Object != nil {
		readers = append(readers, a.Reader) // what is ours to delete is in the cache; what is in the way may not be
	}
	live, err := a.live(ctx, desired.Kind, key, readers)
	if err != nil {
		return fmt.Errorf("look at %s: %w", what, err)
	}
	mine := live != nil && metav1.IsControlledBy(live, owner)
	if desired.Object == nil {
		if mine {
			err = a.remove(ctx, live)
		}
		return wrap("delete", what, err)
	}
	if live != nil && !mine {
		return fmt.Errorf("%s: %w", what, ErrForeign)
	}
	want, text, err := Unstructured(desired.Object)
	if err != nil {
		return wrap("encode", what, err)
	}
	digest := sha256.Sum256(text)
	if live != nil && a.unchanged(live, digest) {
		return nil
	}
	if err := a.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(want), a.Owner, client.ForceOwnership); err != nil {
		return wrap("apply", what, err)
	}
	a.note(want, digest) // which is now as the API server has it
	return nil
}

// Unstructured is an apply configuration as an object that takes the API server's answer whole, and its text.
func Unstructured(object runtime.ApplyConfiguration) (*unstructured.Unstructured, []byte, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, nil, err
	}
	made := &unstructured.Unstructured{}
	return made, text, made.UnmarshalJSON(text)
}

func wrap(step, what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", step, what, err)
	}
	return nil
}

// remove deletes an object that is still the one that was looked at.
func (a *Applier) remove(ctx context.Context, live client.Object) error {
	uid := live.GetUID()
	a.mu.Lock()
	delete(a.applied, uid)
	a.mu.Unlock()
	if !live.GetDeletionTimestamp().IsZero() {
		return nil
	}
	err := a.Client.Delete(ctx, live, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	return client.IgnoreNotFound(err)
}

// live is the object as the first reader that has it shows it, nil when none has. A kind that the cluster
// does not have has no objects.
func (a *Applier) live(ctx context.Context, kind schema.GroupVersionKind, key client.ObjectKey, readers []client.Reader) (client.Object, error) {
	for _, reader := range readers {
		found, err := a.empty(kind)
		if err != nil {
			return nil, err
		}
		err = reader.Get(ctx, key, found)
		if err == nil {
			return found, nil
		}
		if !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
			return nil, err
		}
	}
	return nil, nil
}

// empty is an object to read into, of the Go type that the cache holds the kind as.
func (a *Applier) empty(kind schema.GroupVersionKind) (client.Object, error) {
	if !a.Client.Scheme().Recognizes(kind) { // of an API that this build has no types for
		found := &unstructured.Unstructured{}
		found.SetGroupVersionKind(kind)
		return found, nil
	}
	made, err := a.Client.Scheme().New(kind)
	if err != nil {
		return nil, err
	}
	return made.(client.Object), nil
}

func (a *Applier) unchanged(live client.Object, desired [sha256.Size]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, known := a.applied[live.GetUID()]
	return known && last.desired == desired && last.owned == a.owned(live)
}

func (a *Applier) note(live client.Object, desired [sha256.Size]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.applied == nil {
		a.applied = map[types.UID]applied{}
	}
	a.applied[live.GetUID()] = applied{desired: desired, owned: a.owned(live)}
}

// owned digests the fields that the object says are ours. A change by anybody else takes the field over.
func (a *Applier) owned(live client.Object) [sha256.Size]byte {
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == string(a.Owner) && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" && entry.FieldsV1 != nil {
			return sha256.Sum256(entry.FieldsV1.GetRawBytes())
		}
	}
	return [sha256.Size]byte{}
}

// All applies objects in their order, and goes on after one that belongs to somebody else: foreign are the
// errors of those. err is the first other failure, which ends it.
func (a *Applier) All(ctx context.Context, owner client.Object, desired []build.Desired) (foreign []error, err error) {
	for _, one := range desired {
		switch err := a.Apply(ctx, owner, one); {
		case errors.Is(err, ErrForeign):
			foreign = append(foreign, err)
		case err != nil:
			return foreign, err
		}
	}
	return foreign, nil
}

// OwnerOf refers to an object as the controller of what is built for it.
func OwnerOf(object client.Object, kind schema.GroupVersionKind) *build.Owner {
	return applymetav1.OwnerReference().WithAPIVersion(kind.GroupVersion().String()).WithKind(kind.Kind).
		WithName(object.GetName()).WithUID(object.GetUID()).WithController(true).WithBlockOwnerDeletion(true)
}
