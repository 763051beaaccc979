package pipeline

import (
	"context"
	"crypto/rand"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/apply"
	"github.com/clicktally/clicktally/controllers/internal/build"
	keys "github.com/clicktally/clicktally/controllers/internal/build/pipeline"
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;create

// makeKeys makes the Secret of the trackers' keys when there is none, once and for all: it has no owner, so
// that a pipeline that is made again reads the click ids that are out there.
func (r *reconciler) makeKeys(ctx context.Context, pipeline *v1alpha1.AggregationPipeline) error {
	key := client.ObjectKey{Namespace: pipeline.Namespace, Name: build.KeysName(v1alpha1.ObjectName(pipeline.Name))}
	err := r.live.Get(ctx, key, &corev1.Secret{})
	if err == nil {
		return nil
	}
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("look at Secret %s: %w", key, err)
	}
	clickIDs, hash := make([]byte, keys.MinKeyBytes), make([]byte, keys.MinKeyBytes)
	rand.Read(clickIDs) // never fails: crypto/rand aborts the process instead
	rand.Read(hash)
	desired, err := keys.Keys(&keys.Input{Pipeline: pipeline, Installation: r.installation}, clickIDs, hash)
	if err != nil {
		return err
	}
	secret, _, err := apply.Unstructured(desired)
	if err != nil {
		return fmt.Errorf("encode Secret %s: %w", key, err)
	}
	// Created, not applied: keys that somebody else has made meanwhile stay.
	if err := r.client.Create(ctx, secret, client.FieldOwner(owner)); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make Secret %s: %w", key, err)
	}
	return nil
}
