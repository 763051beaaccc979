package control

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/test/freeport"
	"github.com/clicktally/clicktally/test/servers"
)

// trackers is how many tracker processes serve.
const trackers = 2

// stage is what the measurement runs on.
type stage struct {
	t          *testing.T
	api        *rest.Config
	client     client.Client
	namespace  string
	kafka      string // one address
	prefix     string
	platform   string // YAML
	dir        string
	kubeconfig string
	operator   *process
	fleet      []*process
	visitors   []string // addresses of the trackers
	began      time.Time
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), prefix: servers.Prefix(t), began: time.Now()}
	ctrl.SetLogger(logr.Discard())
	s.say("building operator and tracker")
	for _, command := range []string{"operator", "tracker"} {
		build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(s.dir, command), "github.com/clicktally/clicktally/cmd/"+command)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", command, err, out)
		}
	}
	s.say("starting an API server and three brokers")
	s.api = servers.KubeAPI(t)
	s.kafka = servers.Broker(t, servers.Brokers(3))[0]
	s.namespace = servers.KubeNamespace(t, s.api)
	s.api.QPS = -1
	var err error
	if s.client, err = client.New(s.api, client.Options{Scheme: controllers.NewScheme()}); err != nil {
		t.Fatal(err)
	}
	s.kubeconfig = s.writeKubeconfig()
	s.platform = strings.NewReplacer("KAFKA", s.kafka, "PREFIX", s.prefix, "TRACKERS", strconv.Itoa(trackers)).Replace(platform)
	return s
}

const platform = `
apiVersion: clicktally.dev/v1alpha1
kind: AggregationPipeline
metadata: {name: main}
spec:
  kafka: {bootstrapServers: ["KAFKA"], topicPrefix: PREFIX, partitions: 4, replicationFactor: 3}
  redis: {addresses: ["redis:6379"]}
  clickHouse: {addresses: ["clickhouse:9000"]}
---
apiVersion: clicktally.dev/v1alpha1
kind: Tracker
metadata: {name: eu}
spec:
  pipelineRef: {name: main}
  domains: [t.example.com]
  fallbackURL: https://www.example.com/
  replicas: TRACKERS
  destinations: {allowedHosts: ["*.example.org"]}
`

// campaign is one whose pages say its revision.
func campaign(n int, revision string) string {
	return fmt.Sprintf(`
apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: %s}
spec:
  trackerRefs: [{name: eu}]
  advertiser: adv-%d
  offerPageURL: https://shop.example.org/%s?ct={clickid}
  safePageURL: https://shop.example.org/%s
  price: {model: CPC, amount: "0.50", currency: USD}
  limits: {perCampaign: {count: 900, window: 1m}}
  ads:
  - {id: ad-1, publisher: pub-1, price: {model: CPC, amount: "0.40", currency: USD}}
`, name(n), n%100, revision, revision)
}

func name(n int) string { return fmt.Sprintf("campaign-%05d", n) }

// apply applies documents of YAML as a user does.
func (s *stage) apply(text string) {
	s.t.Helper()
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(text)), 1<<16)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); err != nil {
			return
		}
		object.SetNamespace(s.namespace)
		if err := s.client.Apply(s.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user"), client.ForceOwnership); err != nil {
			s.t.Fatalf("apply %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

// startOperator starts the real binary and waits until it is ready to be asked.
func (s *stage) startOperator() {
	s.t.Helper()
	metrics, profiles, health := free(s.t), free(s.t), free(s.t)
	s.operator = start(s.t, filepath.Join(s.dir, "operator"), []string{"KUBECONFIG=" + s.kubeconfig},
		"--lease-namespace="+s.namespace, "--metrics-insecure", "--metrics-listen="+metrics, "--pprof-listen="+profiles, "--health-listen="+health,
		"--tracker-image=tracker:1", "--aggregator-image=aggregator:1", "--query-image=query:1", "--ledger-image=clicktally:1")
	s.operator.metrics, s.operator.profiles = "http://"+metrics, "http://"+profiles
	s.eventually("the operator answers", func() bool { return s.operator.answers("http://" + health + "/readyz") })
}

// startTrackers runs the fleet that the operator asks the cluster for, with the keys that it made.
func (s *stage) startTrackers() {
	s.t.Helper()
	keys := &corev1.Secret{}
	s.eventually("the operator made the trackers' keys", func() bool {
		list := &corev1.SecretList{}
		if err := s.client.List(s.t.Context(), list, client.InNamespace(s.namespace)); err != nil || len(list.Items) == 0 {
			return false
		}
		*keys = list.Items[0]
		return true
	})
	for file, data := range keys.Data {
		if err := os.WriteFile(filepath.Join(s.dir, file), append(data, '\n'), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	for n := range trackers {
		s.visitors = append(s.visitors, free(s.t))
		s.fleet = append(s.fleet, nil)
		s.startTracker(n)
	}
}

func (s *stage) startTracker(n int) {
	s.t.Helper()
	admin := free(s.t)
	s.fleet[n] = start(s.t, filepath.Join(s.dir, "tracker"), nil,
		"--kafka="+s.kafka, "--topic-prefix="+s.prefix, "--tracker="+s.namespace+"/eu", fmt.Sprintf("--pod=eu-%d", n),
		"--listen="+s.visitors[n], "--admin-listen="+admin, "--data-dir="+s.t.TempDir(), "--journal-dir="+s.t.TempDir(), "--journal-size=64Mi",
		"--click-id-keys-file="+filepath.Join(s.dir, "click-ids"), "--hash-key-file="+filepath.Join(s.dir, "hash"), "--unready-for=0s")
	s.eventually(fmt.Sprintf("tracker eu-%d is ready", n), func() bool { return s.fleet[n].answers("http://" + admin + "/readyz") })
}

// writeKubeconfig makes a file of what the test has, for processes.
func (s *stage) writeKubeconfig() string {
	c := clientcmdapi.NewConfig()
	c.Clusters["test"] = &clientcmdapi.Cluster{Server: s.api.Host, CertificateAuthorityData: s.api.CAData, CertificateAuthority: s.api.CAFile}
	c.AuthInfos["test"] = &clientcmdapi.AuthInfo{Token: s.api.BearerToken}
	c.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	c.CurrentContext = "test"
	path := filepath.Join(s.dir, "kubeconfig")
	if err := clientcmd.WriteToFile(*c, path); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// patience bounds what must happen; creating 10,000 campaigns has its own bound.
const patience = 2 * time.Minute

func (s *stage) eventually(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !done(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func (s *stage) say(format string, args ...any) {
	fmt.Printf("%6.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// measure tells how long something took.
func (s *stage) measure(what string, do func()) time.Duration {
	began := time.Now()
	do()
	s.say("%s: %v", what, time.Since(began).Round(time.Millisecond))
	return time.Since(began)
}

// free is an address of this machine that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return address
}
