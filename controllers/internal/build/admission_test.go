package build_test

import (
	"encoding/json"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
	"github.com/clicktally/clicktally/test/servers"
)

// Pod Security itself judges: it is part of the API server.
func TestPodsAreAdmittedWhereOnlyRestrictedOnesAre(t *testing.T) {
	config := servers.KubeAPI(t)
	kube, err := client.New(config, client.Options{Scheme: controllers.NewScheme()})
	if err != nil {
		t.Fatal(err)
	}
	c, namespace := buildtest.Full(t), servers.KubeNamespace(t, config)
	label := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`))
	if err := kube.Patch(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, label); err != nil {
		t.Fatal(err)
	}
	c.Pipeline.Namespace, c.Tracker.Namespace, c.Schedule.Namespace = namespace, namespace, namespace
	pods := 0
	for _, d := range everything(t, c, buildtest.Guarded()) {
		switch d.Kind.Kind {
		case "ServiceAccount":
			applied(t, kube, namespace, d)
		case "StatefulSet", "Deployment", "Job", "CronJob":
			pods++
			pod := podOf(t, d)
			pod.Namespace, pod.Name = namespace, d.Name
			if err := kube.Create(t.Context(), pod, client.DryRunAll); err != nil {
				t.Errorf("%s %s: %v", d.Kind.Kind, d.Name, err)
			}
			pod.ResourceVersion, pod.UID, pod.Spec.SecurityContext.RunAsNonRoot = "", "", nil
			if err := kube.Create(t.Context(), pod, client.DryRunAll); err == nil {
				t.Errorf("%s %s: root is admitted, so nothing is judged here", d.Kind.Kind, d.Name)
			}
		}
	}
	if pods != 5 {
		t.Errorf("%d pods were judged, want those of tracker, aggregator, query, drain and seal", pods)
	}
}

// podOf is a pod as a controller makes it of a template: a claim template becomes a volume.
func podOf(t *testing.T, d build.Desired) *corev1.Pod {
	t.Helper()
	text, err := json.Marshal(d.Object)
	if err != nil {
		t.Fatal(err)
	}
	workload := struct {
		Spec struct {
			Template             corev1.PodTemplateSpec         `json:"template"`
			VolumeClaimTemplates []corev1.PersistentVolumeClaim `json:"volumeClaimTemplates"`
			JobTemplate          batchv1.JobTemplateSpec        `json:"jobTemplate"`
		} `json:"spec"`
	}{}
	if err := json.Unmarshal(text, &workload); err != nil {
		t.Fatal(err)
	}
	if d.Kind.Kind == "CronJob" {
		workload.Spec.Template = workload.Spec.JobTemplate.Spec.Template
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: workload.Spec.Template.Labels}, Spec: workload.Spec.Template.Spec}
	for _, claim := range workload.Spec.VolumeClaimTemplates {
		source := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name + "-" + d.Name + "-0"}}
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim.Name, VolumeSource: source})
	}
	return pod
}
