package controllers_test

import (
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/event"
)

// workloads are the Deployments of the rig's pipeline.
var workloads = []string{"main-aggregator", "main-query"}

// deployment is one as it is now, nil when there is none.
func (r *rig) deployment(name string) *appsv1.Deployment {
	r.t.Helper()
	d := &appsv1.Deployment{}
	if err := r.client.Get(r.t.Context(), key(r.platform, name), d); client.IgnoreNotFound(err) != nil {
		r.t.Fatal(err)
	} else if err != nil {
		return nil
	}
	return d
}

// haveReady says of every workload that so many of its pods are ready, as Kubernetes does.
func (r *rig) haveReady(ready int32) {
	r.t.Helper()
	for _, name := range workloads {
		d := r.deployment(name)
		n := *d.Spec.Replicas
		d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: n, UpdatedReplicas: n, ReadyReplicas: ready, AvailableReplicas: ready}
		if err := r.client.Status().Update(r.t.Context(), d); err != nil {
			r.t.Fatal(err)
		}
	}
}

// pipelineBecomes waits until the pipeline's conditions contain these, as "Ready=True Serving".
func (r *rig) pipelineBecomes(conditions ...string) *v1alpha1.AggregationPipeline {
	r.t.Helper()
	p := &v1alpha1.AggregationPipeline{}
	r.eventually(fmt.Sprint("the pipeline's conditions are ", conditions), func() bool {
		if err := r.client.Get(r.t.Context(), key(r.platform, "main"), p); err != nil {
			r.t.Fatal(err)
		}
		return !slices.ContainsFunc(conditions, func(want string) bool {
			return !slices.ContainsFunc(p.Status.Conditions, func(is metav1.Condition) bool {
				return fmt.Sprintf("%s=%s %s", is.Type, is.Status, is.Reason) == want && is.ObservedGeneration == p.Generation
			})
		})
	})
	return p
}

// patch changes an object as somebody with kubectl does.
func (r *rig) patch(object client.Object, name, text string) {
	r.t.Helper()
	object.SetName(name)
	object.SetNamespace(r.platform)
	if err := r.client.Patch(r.t.Context(), object, client.RawPatch(types.MergePatchType, []byte(text)), client.FieldOwner("kubectl-edit")); err != nil {
		r.t.Fatal(err)
	}
}

func TestAPipelineHasItsWorkloads(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.start()
	r.eventually("the workloads are made", func() bool { return r.deployment(workloads[0]) != nil && r.deployment(workloads[1]) != nil })
	p := r.pipelineBecomes("Accepted=True Accepted", "Programmed=False Progressing", "Ready=False Progressing")
	for _, name := range workloads {
		if d := r.deployment(name); !metav1.IsControlledBy(d, p) || *d.Spec.Replicas != 2 {
			t.Errorf("%s has %d replicas and owners %v", name, *d.Spec.Replicas, d.OwnerReferences)
		}
	}
	keys := &corev1.Secret{}
	if !r.get("main-keys", keys) || len(keys.Data["click-ids"]) != 64 || len(keys.Data["hash"]) != 64 || len(keys.OwnerReferences) != 0 {
		t.Errorf("keys %d and %d characters long, owners %v", len(keys.Data["click-ids"]), len(keys.Data["hash"]), keys.OwnerReferences)
	}
	r.haveReady(2)
	if p = r.pipelineBecomes("Programmed=True Programmed", "Ready=True Serving"); *p.Status.Trackers != 1 {
		t.Errorf("%d trackers", *p.Status.Trackers)
	}

	r.patch(&appsv1.Deployment{}, "main-query", `{"spec": {"replicas": 5}}`)
	r.eventually("what somebody scaled is scaled back", func() bool { return *r.deployment("main-query").Spec.Replicas == 2 })
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "main-query", Namespace: r.platform}}
	if err := r.client.Delete(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	r.eventually("what somebody deleted is there again", func() bool {
		return r.client.Get(t.Context(), key(r.platform, "main-query"), &corev1.Service{}) == nil
	})

	r.haveReady(0)
	r.pipelineBecomes("Programmed=True Programmed", "Ready=False WorkloadUnavailable")
	r.haveReady(2)
	r.pipelineBecomes("Ready=True Serving")
}

func TestASuspendedPipelineIsLeftAlone(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.start()
	r.eventually("the workloads are made", func() bool { return r.deployment(workloads[0]) != nil && r.deployment(workloads[1]) != nil })
	r.patch(&v1alpha1.AggregationPipeline{}, "main", `{"spec": {"suspend": "Reconciliation"}}`)
	r.pipelineBecomes("Programmed=False Suspended")
	r.patch(&appsv1.Deployment{}, "main-query", `{"spec": {"replicas": 5}}`)
	r.patch(&v1alpha1.AggregationPipeline{}, "main", `{"spec": {"aggregator": {"replicas": 3}}}`)
	r.pipelineBecomes("Programmed=False Suspended") // of the edit that came after
	if got := *r.deployment("main-query").Spec.Replicas; got != 5 {
		t.Errorf("a suspended pipeline's workload was scaled back to %d", got)
	}
	r.patch(&v1alpha1.AggregationPipeline{}, "main", `{"spec": {"suspend": "None"}}`)
	r.eventually("the workloads are as desired", func() bool {
		return *r.deployment("main-query").Spec.Replicas == 2 && *r.deployment("main-aggregator").Spec.Replicas == 3
	})
}

func TestARestartedOperatorWritesNoWorkload(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.start()
	r.eventually("the workloads are made", func() bool { return r.deployment(workloads[0]) != nil && r.deployment(workloads[1]) != nil })
	r.haveReady(2)
	r.pipelineBecomes("Ready=True Serving")
	r.stop()
	before, keys := r.deployment(workloads[1]).ResourceVersion, &corev1.Secret{}
	r.get("main-keys", keys)
	r.start()
	r.patch(&corev1.Service{}, "main-query", `{"spec": {"publishNotReadyAddresses": true}}`)
	r.patch(&v1alpha1.AggregationPipeline{}, "main", `{"metadata": {"annotations": {"clicktally.dev/reconcile": "now"}}}`)
	r.patch(&appsv1.Deployment{}, "main-aggregator", `{"spec": {"replicas": 7}}`)
	r.eventually("the restarted operator works", func() bool { return *r.deployment("main-aggregator").Spec.Replicas == 2 })
	if after := r.deployment(workloads[1]).ResourceVersion; after != before {
		t.Errorf("a workload that nobody had changed was written: %s after %s", after, before)
	}
	if again := (&corev1.Secret{}); !r.get("main-keys", again) || again.ResourceVersion != keys.ResourceVersion {
		t.Error("the keys were made again: every click id that is out there is lost")
	}
}

func TestAStrangersWorkloadIsNamedAndNotTouched(t *testing.T) {
	r := newRig(t)
	labels := map[string]string{"app": "other"}
	other := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "main-query", Namespace: r.platform}, Spec: appsv1.DeploymentSpec{
		Replicas: new(int32(7)), Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "other", Image: "other:1"}}},
		},
	}}
	if err := r.client.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	r.apply(platform)
	r.start()
	r.pipelineBecomes("Accepted=False NameTaken", "Stalled=True NameTaken", "Ready=False NameTaken")
	if got := r.deployment("main-query"); *got.Spec.Replicas != 7 || len(got.OwnerReferences) != 0 {
		t.Errorf("the stranger's Deployment has %d replicas and owners %v", *got.Spec.Replicas, got.OwnerReferences)
	}
	if r.deployment("main-aggregator") == nil {
		t.Error("the other workload was not made")
	}
}

func TestAPipelineTellsWhatItsLedgersFound(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.start()
	r.pipelineBecomes("Balanced=Unknown Progressing")
	judged := func(pod, status, reason string) *event.Heartbeat {
		return &event.Heartbeat{Pod: pod, Balance: &event.Balance{Status: status, Reason: reason, Message: "what was found"}}
	}
	r.say(judged("main-aggregator-a", "True", "Balanced"))
	r.pipelineBecomes("Balanced=True Balanced")
	r.say(judged("main-aggregator-b", "False", "TotalsFell"))
	r.pipelineBecomes("Balanced=False TotalsFell", "Accepted=True Accepted")
	r.say(judged("main-aggregator-b", "True", "Balanced"))
	r.pipelineBecomes("Balanced=True Balanced")
}
