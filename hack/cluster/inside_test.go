package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	probeImage = "localhost/clicktally/probe:test"
	namespace  = "probe"
	// settle bounds what a busy machine needs to start or end a pod.
	settle = 2 * time.Minute
)

// TestInside is the command that [TestACommandUsesARealClusterThatLeavesNothing] runs with a cluster.
func TestInside(t *testing.T) {
	note := os.Getenv(insideVariable)
	if note == "" {
		t.Skip("runs as the command of a cluster")
	}
	if err := os.WriteFile(note, []byte(os.Getenv(dirVariable)), 0o644); err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	config.Timeout = 10 * time.Second
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), space, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c := inCluster{client}
	t.Run("a Service reaches its pods by address, name and node port", c.service)
	t.Run("a StatefulSet keeps its volumes until its claims are deleted", c.volumes)
	t.Run("pods outside the rules of their namespace are refused", c.podSecurity)
	t.Run("a pod's account may do nothing by itself", c.roles)
	t.Run("the API server can be stopped and continued", c.stopAPIServer)
}

// inCluster holds the checks inside a cluster.
type inCluster struct{ kubernetes.Interface }

func (c inCluster) service(t *testing.T) {
	labels := map[string]string{"app": "web"}
	if _, err := c.AppsV1().Deployments(namespace).Create(t.Context(), deployment("web", labels, 2), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	service, err := c.CoreV1().Services(namespace).Create(t.Context(), nodePortService("web", labels), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "two pods of web are available", func(ctx context.Context) error {
		d, err := c.AppsV1().Deployments(namespace).Get(ctx, "web", metav1.GetOptions{})
		if err == nil && d.Status.AvailableReplicas != 2 {
			err = fmt.Errorf("%d are: %s", d.Status.AvailableReplicas, c.podStates(ctx))
		}
		return err
	})
	byName := "http://web." + namespace + ".svc.cluster.local/"
	byPort := fmt.Sprintf("http://%s:%d/", os.Getenv("CLUSTER_NODE_ADDRESS"), service.Spec.Ports[0].NodePort)
	for _, address := range []string{
		"http://" + service.Spec.ClusterIP + "/", byName, byPort,
		byName + "fetch?url=" + url.QueryEscape(byName), // from a pod, which may be the same one
	} {
		eventually(t, address+" answers", func(ctx context.Context) error {
			got, err := request(ctx, http.MethodGet, address, "")
			if err == nil && !strings.HasPrefix(got, "web-") {
				err = fmt.Errorf("answer %q is no pod of web", got)
			}
			return err
		})
	}

	pods, err := c.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil || len(pods.Items) != 2 {
		t.Fatalf("pods of web: %d, %v", len(pods.Items), err)
	}
	log, err := c.CoreV1().Pods(namespace).GetLogs(pods.Items[0].Name, &corev1.PodLogOptions{}).DoRaw(t.Context())
	if err != nil || !strings.Contains(string(log), "listening on :8080") {
		t.Errorf("log %q, %v; want the probe's first line", log, err)
	}

	if err := c.AppsV1().Deployments(namespace).Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pods of web are gone", c.noPods("app=web"))
}

func (c inCluster) volumes(t *testing.T) {
	labels := map[string]string{"app": "log"}
	if _, err := c.CoreV1().Services(namespace).Create(t.Context(), headlessService("log", labels), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AppsV1().StatefulSets(namespace).Create(t.Context(), statefulSet("log", labels, 1), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "log-0 is ready", c.ready("log", 1))
	address := "http://log-0.log." + namespace + ".svc.cluster.local:8080/log"
	eventually(t, "log-0 writes to its volume", func(ctx context.Context) error {
		_, err := request(ctx, http.MethodPost, address, "kept")
		return err
	})

	if err := c.CoreV1().Pods(namespace).Delete(t.Context(), "log-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.scale(t, "log", 2)
	eventually(t, "log-0 is back and log-1 is ready", c.ready("log", 2))
	eventually(t, "log-0 reads what the earlier log-0 wrote", func(ctx context.Context) error {
		got, err := request(ctx, http.MethodGet, address, "")
		if err == nil && got != "kept" {
			err = fmt.Errorf("log is %q", got)
		}
		return err
	})

	c.scale(t, "log", 0)
	eventually(t, "the pods of log are gone", c.noPods("app=log"))
	if err := c.CoreV1().PersistentVolumeClaims(namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the volumes and their folders are gone", func(ctx context.Context) error {
		list, err := c.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		folders, err := os.ReadDir(filepath.Join(os.Getenv(dirVariable), "volumes"))
		if err == nil && len(list.Items)+len(folders) > 0 {
			err = fmt.Errorf("%d volumes and %d folders are left", len(list.Items), len(folders))
		}
		return err
	})
}

func (c inCluster) podSecurity(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "root"}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "root", Image: probeImage}},
	}}
	_, err := c.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		t.Errorf("error %v, want one of Pod Security", err)
	}
}

func (c inCluster) roles(t *testing.T) {
	review, err := c.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               "system:serviceaccount:" + namespace + ":default",
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: "list", Resource: "secrets"},
		},
	}, metav1.CreateOptions{})
	if err != nil || review.Status.Allowed {
		t.Errorf("allowed %v, %v; want no and no error", review.Status.Allowed, err)
	}
}

func (c inCluster) stopAPIServer(t *testing.T) {
	pid, err := strconv.Atoi(os.Getenv("CLUSTER_APISERVER_PID"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := c.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{}); err == nil {
		t.Error("a stopped API server answered")
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the API server answers again", func(ctx context.Context) error {
		_, err := c.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		return err
	})
}

// request is the body of a successful answer.
func request(ctx context.Context, method, address, body string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, got)
	}
	return string(got), err
}
