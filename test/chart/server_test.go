package chart_test

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/test/servers"
)

const user = client.FieldOwner("platform-team")

// cluster is the shared API server with a namespace of the test's own, in which Pod Security enforces restricted and
// warns of what does not keep to it.
type cluster struct {
	client.Client

	t         *testing.T
	config    *rest.Config
	kube      *kubernetes.Clientset
	namespace string
	warnings  []string
	policies  string // installed ones, as YAML
}

// HandleWarningHeader keeps what kubectl would print.
func (c *cluster) HandleWarningHeader(_ int, _, text string) { c.warnings = append(c.warnings, text) }

// quietLog is set once: all managers and clients of the binary share it.
var quietLog = sync.OnceFunc(func() { ctrl.SetLogger(logr.Discard()) })

func newCluster(t *testing.T) *cluster {
	t.Helper()
	quietLog()
	c := &cluster{t: t, config: servers.KubeAPI(t)}
	c.namespace = servers.KubeNamespace(t, c.config)
	c.config.WarningHandler = c
	var err error
	if c.kube, err = kubernetes.NewForConfig(c.config); err != nil {
		t.Fatal(err)
	}
	plain, err := client.New(c.config, client.Options{Scheme: controllers.NewScheme()})
	if err != nil {
		t.Fatal(err)
	}
	c.Client = client.WithFieldValidation(plain, metav1.FieldValidationStrict)
	labels := []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted","pod-security.kubernetes.io/warn":"restricted"}}}`)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}}
	if err := c.Patch(t.Context(), namespace, client.RawPatch("application/merge-patch+json", labels)); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *cluster) apply(object *unstructured.Unstructured, options ...client.ApplyOption) error {
	options = append(options, user, client.ForceOwnership)
	return c.Apply(c.t.Context(), client.ApplyConfigurationFromUnstructured(object.DeepCopy()), options...)
}

// eventually waits for something.
func (c *cluster) eventually(what string, done func() bool) {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !done(); <-tick.C {
		if time.Now().After(deadline) {
			c.t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// kubeconfig is a file for programs that take one.
func (c *cluster) kubeconfig() string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: c.config.Host, CertificateAuthorityData: c.config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"admin": {Token: c.config.BearerToken}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "admin"}},
		CurrentContext: "test",
	}, path)
	if err != nil {
		c.t.Fatal(err)
	}
	return path
}

// TestTheAPIServerTakesEveryRender, in a dry run without a warning. It does not know the kinds of the Prometheus operator.
func TestTheAPIServerTakesEveryRender(t *testing.T) {
	c := newCluster(t)
	for _, name := range cases(t) {
		t.Run(name, func(t *testing.T) {
			c.warnings = nil
			var unknown []string
			for _, object := range objects(t, render(t, c.namespace, "--values", values(t, name))) {
				if namespaced, err := c.IsObjectNamespaced(object); err == nil && namespaced {
					object.SetNamespace(c.namespace) // also those of other namespaces, which the server does not have
				}
				switch err := c.apply(object, client.DryRunAll); {
				case meta.IsNoMatchError(err):
					unknown = append(unknown, object.GroupVersionKind().String())
				case err != nil:
					t.Errorf("%s: %v", title(object), err)
				}
			}
			if len(c.warnings) > 0 {
				t.Errorf("the API server warns: %q", c.warnings)
			}
			if slices.ContainsFunc(unknown, func(kind string) bool { return !strings.HasPrefix(kind, "monitoring.coreos.com/v1, Kind=") }) {
				t.Errorf("the API server does not know %q", unknown)
			}
			if monitored := strings.HasPrefix(name, "monitored"); monitored != (len(unknown) > 0) {
				t.Errorf("kinds of the Prometheus operator: %q", unknown)
			}
		})
	}
}

// TestEveryPodIsRestricted makes, in a dry run, a pod of each template in a namespace that takes no other.
func TestEveryPodIsRestricted(t *testing.T) {
	c := newCluster(t)
	for name, text := range map[string]string{
		"chart":                render(t, c.namespace, "--values", values(t, "evaluation-claim")),
		"kustomize":            kustomize(t, "default"),
		"kustomize namespaced": kustomize(t, "namespaced"),
	} {
		t.Run(name, func(t *testing.T) {
			pods := 0
			for _, object := range objects(t, text) {
				template, found, _ := unstructured.NestedMap(object.Object, "spec", "template")
				if !found {
					continue
				}
				pods++
				pod := &corev1.Pod{}
				if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, pod); err != nil {
					t.Fatal(err)
				}
				pod.Name, pod.Namespace = object.GetName(), c.namespace
				pod.Spec.PriorityClassName = ""
				for _, claim := range claims(object) {
					pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
				}
				if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
					t.Errorf("%s: %v", title(object), err)
				}
				for _, container := range pod.Spec.Containers {
					if container.SecurityContext == nil || container.SecurityContext.ReadOnlyRootFilesystem == nil || !*container.SecurityContext.ReadOnlyRootFilesystem {
						t.Errorf("%s: container %s writes to its root", title(object), container.Name)
					}
					if container.Resources.Limits.Memory().IsZero() || container.Resources.Requests.Cpu().IsZero() {
						t.Errorf("%s: container %s states no resources", title(object), container.Name)
					}
				}
			}
			if pods == 0 {
				t.Error("no pod was looked at")
			}
		})
	}
}

func claims(object *unstructured.Unstructured) []string {
	templates, _, _ := unstructured.NestedSlice(object.Object, "spec", "volumeClaimTemplates")
	var names []string
	for _, template := range templates {
		name, _, _ := unstructured.NestedString(template.(map[string]any), "metadata", "name")
		names = append(names, name)
	}
	return names
}
