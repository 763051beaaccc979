package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/tracker"
)

var (
	kindSet = appsv1.SchemeGroupVersion.WithKind("StatefulSet")
	kindJob = batchv1.SchemeGroupVersion.WithKind("Job")
)

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=list;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=get
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;patch;delete

// drain ships the journals of the claims whose pods are no more, which are those from ordinal pods on, and
// deletes each claim once its Job has emptied it. left is how many of these claims there still are.
func (r *reconciler) drain(ctx context.Context, o *observed, pods int32) (left int, err error) {
	claims := &corev1.PersistentVolumeClaimList{}
	selector := client.MatchingLabels((&build.Meta{Component: build.Tracker, Instance: o.tracker.Name}).Selector())
	if err := r.live.List(ctx, claims, client.InNamespace(o.tracker.Namespace), selector); err != nil {
		return 0, fmt.Errorf("list the claims of the journals: %w", err)
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		ordinal, ok := ordinalOf(claim.Name, tracker.ClaimName(o.tracker, 0))
		if !ok {
			continue
		}
		if ordinal < pods || !claim.DeletionTimestamp.IsZero() {
			if err := r.release(ctx, o, claim.Name); err != nil {
				return 0, err
			}
			continue
		}
		left++
		if err := r.drainOne(ctx, o, claim, ordinal); err != nil {
			return 0, err
		}
	}
	return left, nil
}

// ordinalOf is the ordinal of a claim of the same fleet as first, which has the ordinal 0.
func ordinalOf(claim, first string) (int32, bool) {
	text, ok := strings.CutPrefix(claim, strings.TrimSuffix(first, "0"))
	n, err := strconv.ParseInt(text, 10, 32)
	return int32(n), ok && err == nil
}

// drainOne goes one step with a claim that no pod uses any more: its pod is gone, a Job ships, the Job is
// done, the claim is deleted.
func (r *reconciler) drainOne(ctx context.Context, o *observed, claim *corev1.PersistentVolumeClaim, ordinal int32) error {
	pod := client.ObjectKey{Namespace: claim.Namespace, Name: fmt.Sprintf("%s-%d", tracker.Name(o.tracker), ordinal)}
	switch err := r.live.Get(ctx, pod, &corev1.Pod{}); {
	case err == nil:
		return nil // it is ending, and ships by itself what it can
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("look at pod %s: %w", pod, err)
	}
	job := &batchv1.Job{}
	err := r.live.Get(ctx, client.ObjectKey{Namespace: claim.Namespace, Name: tracker.DrainName(claim.Name)}, job)
	switch {
	case apierrors.IsNotFound(err):
		return r.startDrain(ctx, o, claim.Name)
	case err != nil:
		return fmt.Errorf("look at the Job that drains %s: %w", claim.Name, err)
	case !complete(job):
		return nil
	}
	return r.drained(ctx, claim, job)
}

// drained deletes first the Job and then the claim that it has emptied. Who is stopped between the two ships once
// more, and finds nothing. The other way round a finished Job would stay, which nothing leads to any more, and
// the next claim of that name would count as emptied before anybody has looked into it.
func (r *reconciler) drained(ctx context.Context, claim *corev1.PersistentVolumeClaim, job *batchv1.Job) error {
	for _, one := range []client.Object{job, claim} {
		uid := one.GetUID()
		err := r.client.Delete(ctx, one, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete the drained claim %s and its Job: %w", claim.Name, err)
		}
	}
	return nil
}

// startDrain makes the Job once: its template cannot be changed.
func (r *reconciler) startDrain(ctx context.Context, o *observed, claim string) error {
	if o.pipeline == nil {
		return nil // nobody knows where the clicks belong; the status of a tracker says so
	}
	job, err := tracker.DrainJob(o.input(r.installation), claim)
	if err != nil {
		return err
	}
	return r.applier.Apply(ctx, o.tracker, build.Desired{Kind: kindJob, Name: tracker.DrainName(claim), Object: job})
}

// release deletes the Job of a claim, if there is one.
func (r *reconciler) release(ctx context.Context, o *observed, claim string) error {
	return r.applier.Apply(ctx, o.tracker, build.Desired{Kind: kindJob, Name: tracker.DrainName(claim)})
}

func complete(job *batchv1.Job) bool {
	for _, c := range job.Status.Conditions {
		if c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

// end takes a deleted tracker down: its pods go, then the journals of all of them are shipped, then the
// Tracker may go.
func (r *reconciler) end(ctx context.Context, o *observed) (ctrl.Result, error) {
	again := ctrl.Result{RequeueAfter: drainEvery}
	if o.set != nil && metav1.IsControlledBy(o.set, o.tracker) {
		set := build.Desired{Kind: kindSet, Name: o.set.Name}
		return again, r.applier.Apply(ctx, o.tracker, set)
	}
	left, err := r.drain(ctx, o, 0)
	if err != nil {
		return ctrl.Result{}, err
	}
	if left == 0 {
		return ctrl.Result{}, r.finalized(ctx, o.tracker, false)
	}
	next := o.ending(left)
	if equality.Semantic.DeepEqual(next, &o.tracker.Status) {
		return again, nil
	}
	if result, err := r.writer.Apply(ctx, o.tracker, next); err != nil || !result.IsZero() {
		return result, err
	}
	return again, nil
}
