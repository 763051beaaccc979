package chart_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/test/freeport"
	"github.com/clicktally/clicktally/test/servers"
)

// operator is the real one, as a ServiceAccount with the rights that the chart grants, and with the chart's flags.
type operator struct {
	*cluster
	*recorder

	ads     string // the campaigns' namespace; the platform's is the release's
	kafka   string
	metrics string // address
	process *exec.Cmd
	log     bytes.Buffer // complete after stop
}

// program is the operator's binary, built once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "operator")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/operator").CombinedOutput()
	if err != nil {
		err = errors.New(string(out))
	}
	return path, err
})

// install applies the chart's rights and runs the operator with the flags of its Deployment.
func install(t *testing.T, arguments func(platform, ads string) []string, environment string) (*operator, []string) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	o := &operator{cluster: newCluster(t)}
	o.ads = servers.KubeNamespace(t, o.config)
	o.kafka = servers.Kafka(t)
	o.recorder = record(t, o.config)
	rendered := objects(t, render(t, o.namespace, arguments(o.namespace, o.ads)...))
	for _, object := range rendered {
		if strings.Contains(object.GetKind(), "Role") || object.GetKind() == "ServiceAccount" {
			o.mustApply(object)
		}
	}
	o.metrics = freeAddress(t)
	flags := []string{"--lease-namespace=" + o.namespace, "--metrics-listen=" + o.metrics, "--health-listen=0"}
	o.process = exec.Command(path, append(chartFlags(t, rendered), flags...)...)
	o.process.Env = append(o.process.Environ(), "KUBECONFIG="+o.kubeconfigOf("clicktally-operator"), environment)
	o.process.Stdout, o.process.Stderr = &o.log, &o.log
	o.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := o.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.stop)
	return o, granted(rendered)
}

func (o *operator) stop() {
	if o.process.ProcessState != nil {
		return
	}
	_ = o.process.Process.Signal(syscall.SIGTERM)
	if err := o.process.Wait(); err != nil {
		o.t.Errorf("the operator ended: %v", err)
	}
	if o.t.Failed() {
		o.t.Logf("the operator's log:\n%s", o.log.String())
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func chartFlags(t *testing.T, rendered []*unstructured.Unstructured) []string {
	t.Helper()
	for _, object := range rendered {
		if object.GetKind() == "Deployment" {
			containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
			flags, _, err := unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
			if err != nil {
				t.Fatal(err)
			}
			return flags
		}
	}
	t.Fatal("no Deployment")
	return nil
}

// token is one of a ServiceAccount of the release.
func (o *operator) token(account string) string {
	o.t.Helper()
	token, err := o.kube.CoreV1().ServiceAccounts(o.namespace).CreateToken(o.t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	return token.Status.Token
}

// kubeconfigOf a ServiceAccount goes through the recorder.
func (o *operator) kubeconfigOf(account string) string {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: o.address, CertificateAuthorityData: o.authority}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"operator": {Token: o.token(account)}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "operator"}},
		CurrentContext: "test",
	}, path)
	if err != nil {
		o.t.Fatal(err)
	}
	return path
}

func (c *cluster) mustApply(object *unstructured.Unstructured) {
	c.t.Helper()
	if err := c.apply(object); err != nil {
		c.t.Fatalf("%s: %v", title(object), err)
	}
}

// applies documents of YAML, in which the names of namespaces and of Kafka are filled in.
func (o *operator) applies(text string) {
	o.t.Helper()
	text = strings.NewReplacer("PLATFORM", o.namespace, "ADS", o.ads, "KAFKA", o.kafka).Replace(text)
	for _, object := range objects(o.t, text) {
		o.mustApply(object)
	}
}

// until waits for something that the operator does.
func (o *operator) until(what string, done func() bool) {
	o.t.Helper()
	o.eventually(what, func() bool {
		if refused := o.refusals(); len(refused) > 0 {
			o.t.Fatalf("the operator was refused %q", refused)
		}
		return done()
	})
}

// has reports whether an object is there, in the platform's namespace.
func (o *operator) has(apiVersion, kind, name string) bool {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(apiVersion)
	object.SetKind(kind)
	err := o.Get(o.t.Context(), client.ObjectKey{Namespace: o.namespace, Name: name}, object)
	if err != nil && !apierrors.IsNotFound(err) {
		o.t.Fatal(err)
	}
	return err == nil
}

// deleted deletes an object of the namespace.
func (o *operator) deleted(kind, namespace, name string) {
	o.t.Helper()
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("clicktally.dev/v1alpha1")
	object.SetKind(kind)
	object.SetNamespace(namespace)
	object.SetName(name)
	if err := o.Delete(context.WithoutCancel(o.t.Context()), object); err != nil {
		o.t.Fatal(err)
	}
}

// told reports whether an event tells of a mistake in an object of the campaigns.
func (o *operator) told(name string) bool {
	list, err := o.kube.EventsV1().Events(o.ads).List(o.t.Context(), metav1.ListOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	for i := range list.Items {
		if e := &list.Items[i]; e.Regarding.Name == name && e.Type == corev1.EventTypeWarning {
			return true
		}
	}
	return false
}
