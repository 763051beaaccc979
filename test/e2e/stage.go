package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers"
)

// Namespaces of the story, which are those of config/samples.
const (
	system   = "clicktally-system" // the operator
	platform = "clicktally"        // pipelines and trackers
	ads      = "ads-emea"          // campaigns
	amer     = "ads-amer"          // campaigns of another team
	release  = "clicktally"        // of Helm
)

// patience is how long a step waits for what must happen: a busy machine with two cores starts a pod in a minute.
const patience = 4 * time.Minute

// stage is the cluster and all that stands around it.
type stage struct {
	*testing.T // of the running step

	client   client.Client
	root     string // of the checkout
	helm     string
	registry string
	tag      string
	stores   *stores
	visitors *visitors

	failure string // of a step
}

func newStage(t *testing.T) *stage {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	api, err := ctrl.GetConfig()
	if err != nil {
		t.Fatalf("find the cluster: %v", err)
	}
	api.QPS = -1
	s := &stage{
		T: t, root: need(t, "CLICKTALLY_ROOT"), helm: need(t, "HELM"),
		registry: cmp.Or(os.Getenv("REGISTRY"), "clicktally"), tag: need(t, "TAG"),
	}
	if s.client, err = client.New(api, client.Options{Scheme: controllers.NewScheme()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.failure != "" {
			t.Logf("a step failed: %s", s.failure)
		}
	})
	s.stores = startStores(t, filepath.Join(s.root, "bin", "clicktally"))
	s.visitors = &visitors{}
	t.Cleanup(func() {
		if t.Failed() {
			s.T = t
			s.explain()
		}
	})
	return s
}

func need(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Fatalf("%s is not set: run this test by make e2e", variable)
	}
	return value
}

// run is one step.
func (s *stage) run(t *testing.T, step func(*stage)) {
	t.Helper()
	s.T = t
	began := time.Now()
	step(s)
	t.Logf("took %v", time.Since(began).Round(time.Second))
}

// Fatalf ends the step, and has its sentence repeated below everything that is shown then, where people look first.
func (s *stage) Fatalf(format string, args ...any) {
	s.Helper()
	s.failure = fmt.Sprintf(format, args...)
	s.T.Fatal(s.failure)
}

// command runs a program of the machine and returns what it printed.
func (s *stage) command(name string, args ...string) string {
	s.Helper()
	out, err := s.try(name, args...)
	if err != nil {
		s.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return out
}

func (s *stage) try(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience+time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = s.root
	out, err := command.CombinedOutput()
	return string(out), err
}

func (s *stage) kubectl(args ...string) string {
	s.Helper()
	return s.command("kubectl", args...)
}

// apply applies YAML as a user does.
func (s *stage) apply(yaml string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-")
	command.Stdin = strings.NewReader(yaml)
	if out, err := command.CombinedOutput(); err != nil {
		s.Fatalf("kubectl apply: %v\n%s\n%s", err, out, yaml)
	}
}

// get reads one field of an object, empty where there is none.
func (s *stage) get(namespace, object, jsonpath string) string {
	out, err := s.try("kubectl", "-n", namespace, "get", object, "-o", "jsonpath="+jsonpath)
	if err != nil {
		return ""
	}
	return out
}

// eventually looks again and again; complain returns what is still wrong.
func (s *stage) eventually(complain func() string) {
	s.Helper()
	s.within(patience, complain)
}

func (s *stage) within(limit time.Duration, complain func() string) {
	s.Helper()
	complaint := ""
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); <-time.After(200 * time.Millisecond) {
		if complaint = complain(); complaint == "" {
			return
		}
	}
	s.Fatalf("not within %v: %s", limit, complaint)
}

// ready waits until objects of ClickTally, as kind/name, are Ready in their present generation.
func (s *stage) ready(namespace string, objects ...string) {
	s.Helper()
	for _, object := range objects {
		s.eventually(func() string {
			text := s.get(namespace, object, `{.metadata.generation} {.status.observedGeneration} {.status.conditions[?(@.type=="Ready")].status}`)
			fields := strings.Fields(text)
			if len(fields) == 3 && fields[0] == fields[1] && fields[2] == "True" {
				return ""
			}
			return object + ": " + s.condition(namespace, object, "Ready")
		})
	}
}

// condition is "Status Reason: message" of a condition.
func (s *stage) condition(namespace, object, kind string) string {
	at := `{.status.conditions[?(@.type=="` + kind + `")].`
	return s.get(namespace, object, at+`status} `+at+`reason}: `+at+`message}`)
}

// says waits until a condition reads like this: "False PrefixOwned" is its beginning.
func (s *stage) says(namespace, object, kind, beginning string) string {
	s.Helper()
	is := ""
	s.eventually(func() string {
		if is = s.condition(namespace, object, kind); strings.HasPrefix(is, beginning) {
			return ""
		}
		return fmt.Sprintf("%s has %s=%s, want %s", object, kind, is, beginning)
	})
	return is
}

// pods are the running pods of a component, by name, with what tells one life from another.
func (s *stage) pods(namespace, component string) map[string]string {
	s.Helper()
	list := &corev1.PodList{}
	if err := s.client.List(s.Context(), list, client.InNamespace(namespace), client.MatchingLabels{"app.kubernetes.io/component": component}); err != nil {
		s.Fatal(err)
	}
	lives := map[string]string{}
	for i := range list.Items {
		p := &list.Items[i]
		restarts := int32(0)
		for c := range p.Status.ContainerStatuses {
			restarts += p.Status.ContainerStatuses[c].RestartCount
		}
		lives[p.Name] = fmt.Sprintf("%s, %d restarts", p.UID, restarts)
	}
	return lives
}

// clusterIP is where a Service of the platform answers.
func (s *stage) clusterIP(name string) string {
	s.Helper()
	service := &corev1.Service{}
	if err := s.client.Get(s.Context(), types.NamespacedName{Namespace: platform, Name: name}, service); err != nil {
		s.Fatal(err)
	}
	return service.Spec.ClusterIP
}

// answering is where a Service of trackers answers, once it does: kube-proxy writes its rules once a second, and until
// they name a ready pod a new Service refuses connections. What it sends to find out is a click of this campaign.
func (s *stage) answering(name, campaign string) string {
	s.Helper()
	address, began := s.clusterIP(name), time.Now()
	s.eventually(func() string {
		if s.visitors.click(s.Context(), address, campaign) == "" {
			return fmt.Sprintf("the Service %s does not answer: %v", name, s.visitors.refusal.Load())
		}
		return ""
	})
	s.Logf("the Service %s answered after %v", name, time.Since(began).Round(10*time.Millisecond))
	return address
}

// explain shows what a person would look at first.
func (s *stage) explain() {
	for _, args := range [][]string{
		{"get", "pods,statefulsets,deployments,jobs,pvc", "-A", "-o", "wide"},
		{"get", "clicktally", "-A"},
		{"describe", "trackers,aggregationpipelines", "-A"},
		{"get", "events", "-A", "--sort-by=.lastTimestamp"},
		{"-n", system, "logs", "-l", "app.kubernetes.io/component=operator", "--tail=40", "--prefix"},
		{"-n", platform, "logs", "-l", "app.kubernetes.io/managed-by=clicktally", "--tail=15", "--prefix"},
	} {
		out, _ := s.try("kubectl", args...) // what it says of its own failure is shown as well
		s.Logf("kubectl %s\n%s", strings.Join(args, " "), tail(out, 8000))
	}
}

func tail(text string, most int) string { return text[max(0, len(text)-most):] }

// read returns a file of the checkout.
func (s *stage) read(path string) string {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, path))
	if err != nil {
		s.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}
