package chart_test

import (
	"crypto/tls"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// scratch is a folder for the time of the run.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "clicktally-chart-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// explained are rights that a life like the one below does not use.
var explained = map[string]string{
	"update aggregationpipelines/finalizers.clicktally.dev": "asked for by the admission plugin OwnerReferencesPermissionEnforcement, which OpenShift runs",
	"update trackers/finalizers.clicktally.dev":             "asked for by the admission plugin OwnerReferencesPermissionEnforcement, which OpenShift runs",
	"update billingschedules/finalizers.clicktally.dev":     "asked for by the admission plugin OwnerReferencesPermissionEnforcement, which OpenShift runs",
	"patch events.":              "counts an event of the leader election that comes again",
	"patch events.events.k8s.io": "counts an event that comes again",
}

// TestTheOperatorNeedsEveryRightThatItHas, and no other: through the life of every kind nothing is refused, and each
// right was used or is explained.
func TestTheOperatorNeedsEveryRightThatItHas(t *testing.T) {
	for sentence, k := range map[string]struct {
		flags       func(platform, ads string) []string
		environment string
	}{
		"of a cluster": {flags: func(string, string) []string { return nil }},
		"of two namespaces, at an API server that does not stream lists": {func(platform, ads string) []string {
			return []string{"--set", "watchNamespaces={" + platform + "," + ads + "},installationID=test,metrics.serve=Authenticated"}
		}, noStreams},
	} {
		t.Run(sentence, func(t *testing.T) {
			o, rights := install(t, k.flags, k.environment)
			o.mustApply(objects(t, httpRoutes)[0])
			o.live()
			o.until("metrics are served to those who may read them", o.scraped)
			o.stop()
			if refused := o.refusals(); len(refused) > 0 {
				t.Errorf("the operator was refused %q", refused)
			}
			idle := slices.DeleteFunc(o.unused(rights), func(right string) bool {
				resource, isList := strings.CutPrefix(right, "list ")
				streamed := isList && k.environment != noStreams && o.sees("watch "+resource)
				return explained[right] != "" || streamed
			})
			if len(idle) > 0 {
				t.Errorf("rights that nothing used:\n%q", idle)
			}
		})
	}
}

// noStreams makes client-go list before it watches, as it does at API servers older than 1.34.
const noStreams = "KUBE_FEATURE_WatchListClient=false"

// live takes every kind through its life.
func (o *operator) live() {
	o.t.Helper()
	key := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "propeller", Namespace: o.ads}, StringData: map[string]string{"token": "0123456789abcdef0123456789abcdef"}}
	if err := o.Create(o.t.Context(), key); err != nil {
		o.t.Fatal(err)
	}
	o.applies(platform + campaigns)
	for _, made := range [][3]string{
		{"apps/v1", "Deployment", "main-query"},
		{"apps/v1", "StatefulSet", "eu"},
		{"policy/v1", "PodDisruptionBudget", "eu"},
		{"policy/v1", "PodDisruptionBudget", "main-query"},
		{"networking.k8s.io/v1", "Ingress", "eu"},
		{"v1", "Secret", "eu-sources"},
		{"batch/v1", "CronJob", "monthly-seal"},
	} {
		o.until(made[1]+" "+made[2]+" is made", func() bool { return o.has(made[0], made[1], made[2]) })
	}
	o.until("the campaign waits for trackers that report", func() bool { return o.is("Progressing", "InProgress") })
	o.applies(mistake)
	o.until("an event tells of the mistake", func() bool { return o.told("spring") })
	o.until("the campaign is ill", func() bool { return o.is("Degraded", "Failed") })

	o.applies(autoscaled)
	o.until("the route is another", func() bool {
		return o.has("autoscaling/v2", "HorizontalPodAutoscaler", "eu") && o.has("gateway.networking.k8s.io/v1", "HTTPRoute", "eu") && !o.has("networking.k8s.io/v1", "Ingress", "eu")
	})
	o.applies(alone)
	o.until("what a fleet of one needs not is gone", func() bool {
		return !o.has("autoscaling/v2", "HorizontalPodAutoscaler", "eu") && !o.has("gateway.networking.k8s.io/v1", "HTTPRoute", "eu") && !o.has("policy/v1", "PodDisruptionBudget", "eu")
	})
	o.applies(unsealed)
	o.until("nothing is sealed for a pipeline that is not there", func() bool { return !o.has("batch/v1", "CronJob", "monthly-seal") })
	o.ended()
}

// is reports whether Argo CD and kstatus say this of the campaign.
func (o *operator) is(argo, kstatus string) bool {
	campaign := &unstructured.Unstructured{}
	campaign.SetAPIVersion("clicktally.dev/v1alpha1")
	campaign.SetKind("Campaign")
	if err := o.Get(o.t.Context(), client.ObjectKey{Namespace: o.ads, Name: "spring"}, campaign); err != nil {
		o.t.Fatal(err)
	}
	gotArgo, gotKstatus := health(o.t, campaign)
	return gotArgo == argo && gotKstatus == kstatus
}

// ended takes everything down again, a journal with clicks included.
func (o *operator) ended() {
	o.t.Helper()
	for kind, name := range map[string]string{"Campaign": "spring", "TrafficSource": "propeller"} {
		o.deleted(kind, o.ads, name)
	}
	o.deleted("FraudPolicy", o.namespace, "default")
	for _, resource := range []string{"campaigns", "trafficsources", "fraudpolicies"} {
		o.until("the operator looks whether its "+resource+" are gone", func() bool { return o.sees("get " + resource + ".clicktally.dev") })
	}
	o.applies(journal)
	o.deleted("Tracker", o.namespace, "eu")
	drain := &batchv1.Job{}
	o.until("a Job ships the journal", func() bool {
		return o.Get(o.t.Context(), client.ObjectKey{Namespace: o.namespace, Name: "journal-eu-0-drain"}, drain) == nil
	})
	now := metav1.Now()
	drain.Status = batchv1.JobStatus{StartTime: &now, CompletionTime: &now, Succeeded: 1, Conditions: []batchv1.JobCondition{
		{Type: batchv1.JobSuccessCriteriaMet, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: now},
	}}
	if err := o.Status().Update(o.t.Context(), drain); err != nil {
		o.t.Fatal(err)
	}
	o.until("the Tracker is gone", func() bool { return !o.has("clicktally.dev/v1alpha1", "Tracker", "eu") })
	o.until("the operator looks whether its trackers are gone", func() bool { return o.sees("get trackers.clicktally.dev") })
}

// scraped reads the metrics as Prometheus does, and tries it without a right.
func (o *operator) scraped() bool {
	o.t.Helper()
	o.applies(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: prometheus, namespace: PLATFORM}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: PLATFORM-metrics}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: PLATFORM-metrics}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: PLATFORM-metrics}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: PLATFORM}]
`)
	caller := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // it signs itself
	defer caller.CloseIdleConnections()
	status := func(token string) int {
		request, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, "https://"+o.metrics+"/metrics", http.NoBody)
		if err != nil {
			o.t.Fatal(err)
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := caller.Do(request)
		if err != nil {
			return 0
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := status(""); got != http.StatusUnauthorized {
		o.t.Errorf("somebody without a token gets %d", got)
	}
	return status(o.token("prometheus")) == http.StatusOK
}
