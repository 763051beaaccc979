package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// get reads an object of the platform's namespace, and reports whether it is there and stays.
func (r *rig) get(name string, object client.Object) bool {
	r.t.Helper()
	err := r.client.Get(r.t.Context(), key(r.platform, name), object)
	if client.IgnoreNotFound(err) != nil {
		r.t.Fatal(err)
	}
	return err == nil && object.GetDeletionTimestamp().IsZero()
}

// fleetReady says of the fleet that all its pods are ready, as Kubernetes does, and lets them report.
func (r *rig) fleetReady() {
	r.t.Helper()
	set := &appsv1.StatefulSet{}
	if !r.get("eu", set) {
		r.t.Fatal("there is no StatefulSet")
	}
	n := *set.Spec.Replicas
	set.Status = appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, Replicas: n, UpdatedReplicas: n, CurrentReplicas: n, ReadyReplicas: n, AvailableReplicas: n}
	if err := r.client.Status().Update(r.t.Context(), set); err != nil {
		r.t.Fatal(err)
	}
	for i := range n {
		r.beat(fmt.Sprint("eu-", i))
	}
}

// trackerBecomes waits until the tracker's conditions contain these.
func (r *rig) trackerBecomes(conditions ...string) *v1alpha1.Tracker {
	r.t.Helper()
	t := &v1alpha1.Tracker{}
	r.eventually(fmt.Sprint("the tracker's conditions are ", conditions), func() bool {
		if err := r.client.Get(r.t.Context(), key(r.platform, "eu"), t); err != nil {
			r.t.Fatal(err)
		}
		return !slices.ContainsFunc(conditions, func(want string) bool {
			return !slices.ContainsFunc(t.Status.Conditions, func(is metav1.Condition) bool {
				return fmt.Sprintf("%s=%s %s", is.Type, is.Status, is.Reason) == want && is.ObservedGeneration == t.Generation
			})
		})
	})
	return t
}

// claim makes the claim of a pod's journal, as the StatefulSet controller does.
func (r *rig) claim(ordinal int) {
	r.t.Helper()
	set := &appsv1.StatefulSet{}
	if !r.get("eu", set) || len(set.Spec.VolumeClaimTemplates) != 1 {
		r.t.Fatal("the fleet has no claim template")
	}
	template := set.Spec.VolumeClaimTemplates[0]
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-eu-%d", template.Name, ordinal), Namespace: r.platform, Labels: template.Labels},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	if err := r.client.Create(r.t.Context(), claim); err != nil {
		r.t.Fatal(err)
	}
}

func drainJob(ordinal int) string { return fmt.Sprintf("journal-eu-%d-drain", ordinal) }

// shipped completes the Job of a claim, as the Job controller does.
func (r *rig) shipped(ordinal int) {
	r.t.Helper()
	job := &batchv1.Job{}
	r.eventually("the Job that ships a journal is made", func() bool { return r.get(drainJob(ordinal), job) })
	now := metav1.NewTime(time.Now().Truncate(time.Second))
	job.Status = batchv1.JobStatus{StartTime: &now, CompletionTime: &now, Succeeded: 1, Conditions: []batchv1.JobCondition{
		{Type: batchv1.JobSuccessCriteriaMet, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: now},
	}}
	if err := r.client.Status().Update(r.t.Context(), job); err != nil {
		r.t.Fatal(err)
	}
}

// fleet starts an operator and waits for a fleet of two with their claims.
func (r *rig) fleet() {
	r.t.Helper()
	r.apply(platform)
	r.start()
	r.eventually("the fleet is made", func() bool { return r.get("eu", &appsv1.StatefulSet{}) })
	r.claim(0)
	r.claim(1)
}

func TestATrackerHasItsFleet(t *testing.T) {
	r := newRig(t)
	r.fleet()
	r.trackerBecomes("Accepted=True Accepted", "ResolvedRefs=True Resolved", "Programmed=False Progressing", "Ready=False Progressing")
	r.fleetReady()
	live := r.trackerBecomes("Programmed=True Programmed", "Ready=True Serving")
	if *live.Status.Serving != 2 || *live.Status.Behind != 0 {
		t.Errorf("%d pods serve, %d are behind", *live.Status.Serving, *live.Status.Behind)
	}
	template := r.template()
	r.patch(&v1alpha1.Tracker{}, "eu", `{"spec": {"fallbackURL": "https://www.example.com/other"}}`)
	r.trackerBecomes("Programmed=False Progressing")
	r.fleetReady()
	r.trackerBecomes("Programmed=True Programmed", "Ready=True Serving")
	if again := r.template(); again != template {
		t.Errorf("an edit of what the catalog carries restarts pods:\n%s\n%s", template, again)
	}
	if err := r.client.Delete(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "eu", Namespace: r.platform}}); err != nil {
		t.Fatal(err)
	}
	r.eventually("the Service that somebody deleted is there again", func() bool { return r.get("eu", &corev1.Service{}) })
}

// template is the pod template as text.
func (r *rig) template() string {
	r.t.Helper()
	set := &appsv1.StatefulSet{}
	if !r.get("eu", set) {
		r.t.Fatal("there is no StatefulSet")
	}
	return set.Spec.Template.String()
}

func TestAJournalIsShippedBeforeItsClaimGoes(t *testing.T) {
	r := newRig(t)
	r.fleet()
	r.fleetReady()
	r.trackerBecomes("Ready=True Serving")
	r.patch(&v1alpha1.Tracker{}, "eu", `{"spec": {"replicas": 1}}`)
	r.eventually("a Job ships the journal of the pod that went", func() bool { return r.get(drainJob(1), &batchv1.Job{}) })
	if !r.get("journal-eu-1", &corev1.PersistentVolumeClaim{}) {
		t.Error("the claim went before its journal was shipped")
	}
	r.shipped(1)
	r.eventually("the empty claim and its Job are gone", func() bool {
		return !r.get("journal-eu-1", &corev1.PersistentVolumeClaim{}) && !r.get(drainJob(1), &batchv1.Job{})
	})
	if !r.get("journal-eu-0", &corev1.PersistentVolumeClaim{}) || r.get(drainJob(0), &batchv1.Job{}) {
		t.Error("the claim of a pod that stays was touched")
	}
}

func TestADeletedTrackerWaitsForItsJournals(t *testing.T) {
	r := newRig(t)
	r.fleet()
	r.fleetReady()
	r.trackerBecomes("Ready=True Serving")
	if err := r.client.Delete(t.Context(), &v1alpha1.Tracker{ObjectMeta: metav1.ObjectMeta{Name: "eu", Namespace: r.platform}}); err != nil {
		t.Fatal(err)
	}
	r.eventually("the fleet goes", func() bool { return !r.get("eu", &appsv1.StatefulSet{}) })
	waiting := r.trackerBecomes("Ready=False Progressing", "Reconciling=True Progressing")
	for _, c := range waiting.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady && !strings.Contains(c.Message, "2 journals are being shipped") {
			t.Errorf("the status says %q", c.Message)
		}
	}
	r.shipped(0)
	r.shipped(1)
	r.eventually("the Tracker is gone", func() bool {
		return apierrors.IsNotFound(r.client.Get(t.Context(), key(r.platform, "eu"), &v1alpha1.Tracker{}))
	})
}
