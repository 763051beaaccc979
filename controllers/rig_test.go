package controllers_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/testr"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/embedded/kafka"
	"github.com/clicktally/clicktally/runtime/evaluate"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

// patience is how long a test waits for what must happen.
const patience = 4 * time.Minute

// rig is a pipeline in namespaces of its own, on a real API server and a Kafka of the test.
type rig struct {
	t              *testing.T
	api            *rest.Config
	client         client.Client
	broker         *kafka.Server
	kafkaDir       string
	address        string // of the broker, also after a restart
	platform, ads  string // namespaces
	kafka          []kgo.Opt
	names          topics.Names
	writes, reads  writes // by the operator
	stopped        func()
	cacheOfNothing bool // the operator's cache shows no Campaign
}

const platform = `
apiVersion: clicktally.dev/v1alpha1
kind: AggregationPipeline
metadata: {name: main, namespace: PLATFORM}
spec:
  kafka: {bootstrapServers: ["KAFKA"], topicPrefix: ct, partitions: 2, replicationFactor: 1}
  redis: {addresses: ["redis:6379"]}
  clickHouse: {addresses: ["clickhouse:9000"]}
---
apiVersion: clicktally.dev/v1alpha1
kind: Tracker
metadata: {name: eu, namespace: PLATFORM}
spec:
  pipelineRef: {name: main}
  domains: [t.example.com, go.example.net]
  fallbackURL: https://www.example.com/
  replicas: 2
  allowedCampaigns: {namespaces: {from: Names, names: [ADS]}}
  destinations: {allowedHosts: ["*.example.org"]}
`

func campaign(name, url string) string {
	return `
apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: ` + name + `, namespace: ADS}
spec:
  trackerRefs: [{name: eu, namespace: PLATFORM}]
  advertiser: adv-789
  offerPageURL: ` + url + "\n"
}

// quietLog is set once: it is shared by all managers of the binary.
var quietLog = sync.OnceFunc(func() { ctrl.SetLogger(logr.Discard()) })

func newRig(t *testing.T) *rig {
	t.Helper()
	t.Parallel() // its namespaces and its Kafka are its own, and most of its time is waiting
	return rigOf(t)
}

// rigOf is a rig in a test that says itself what runs beside it.
func rigOf(t *testing.T) *rig {
	t.Helper()
	quietLog()
	r := &rig{t: t, api: servers.KubeAPI(t), kafkaDir: t.TempDir(), names: topics.Names{Prefix: "ct"}}
	r.platform, r.ads = servers.KubeNamespace(t, r.api), servers.KubeNamespace(t, r.api)
	r.broker = servers.KafkaServer(t, servers.KafkaDir(r.kafkaDir))
	r.address = r.broker.Addr()
	r.kafka = []kgo.Opt{kgo.SeedBrokers(r.address)}
	var err error
	if r.client, err = client.New(r.api, client.Options{Scheme: controllers.NewScheme()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.stop() })
	return r
}

// start runs an operator over the rig's namespaces.
func (r *rig) start() {
	r.t.Helper()
	api := rest.CopyConfig(r.api)
	api.Wrap(func(next http.RoundTripper) http.RoundTripper { return r.writes.watch(next, false) })
	api.Wrap(func(next http.RoundTripper) http.RoundTripper { return r.reads.watch(next, true) })
	cache := controllers.CacheOptions([]string{r.platform, r.ads})
	if r.cacheOfNothing {
		cache.DefaultLabelSelector = nothing
	}
	log := logr.Discard()
	if testing.Verbose() {
		log = testr.New(r.t)
	}
	manager, err := ctrl.NewManager(api, ctrl.Options{
		Scheme: controllers.NewScheme(), Cache: cache, Metrics: metricsserver.Options{BindAddress: "0"}, Logger: log,
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	told := controllers.Config{
		WatchNamespaces: []string{r.platform, r.ads}, Installation: "test",
		TrackerImage: "tracker:1", AggregatorImage: "aggregator:1", QueryImage: "query:1", LedgerImage: "clicktally:1",
		Tests: evaluate.Run,
	}
	if err := controllers.Setup(ctx, manager, told); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	r.stopped = func() {
		stop()
		if err := <-ended; err != nil {
			r.t.Errorf("the operator ended: %v", err)
		}
	}
}

func (r *rig) stop() {
	if r.stopped != nil {
		r.stopped()
		r.stopped = nil
	}
}

var fills = regexp.MustCompile(`PLATFORM|ADS|KAFKA`)

// apply applies documents of YAML as a user does.
func (r *rig) apply(text string) {
	r.t.Helper()
	text = fills.ReplaceAllStringFunc(text, func(word string) string {
		return map[string]string{"PLATFORM": r.platform, "ADS": r.ads, "KAFKA": r.address}[word]
	})
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(text)), 1<<16)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); err != nil {
			return
		}
		if len(object.Object) == 0 {
			continue
		}
		err := r.client.Apply(r.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user"), client.ForceOwnership)
		if err != nil {
			r.t.Fatalf("apply %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

// samples are config/samples in the rig's namespaces.
func (r *rig) samples() string {
	r.t.Helper()
	files, err := filepath.Glob("../config/samples/*.yaml")
	if err != nil || len(files) == 0 {
		r.t.Fatalf("samples: %v, %v", files, err)
	}
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, string(text))
	}
	text := strings.Join(all, "\n---\n")
	text = regexp.MustCompile(`namespace: clicktally\b`).ReplaceAllString(text, "namespace: PLATFORM")
	text = regexp.MustCompile(`\bads-(emea|amer)\b`).ReplaceAllString(text, "ADS")
	text = strings.ReplaceAll(text, "kafka:9092", "KAFKA")
	text = strings.ReplaceAll(text, "{from: All}", "{from: Names, names: [ADS]}") // the rig watches its namespaces alone
	return strings.ReplaceAll(text, "topicPrefix: ct", "topicPrefix: ct\n    replicationFactor: 1")
}

func (r *rig) campaign(name string) *v1alpha1.Campaign {
	r.t.Helper()
	c := &v1alpha1.Campaign{}
	err := r.client.Get(r.t.Context(), types.NamespacedName{Namespace: r.ads, Name: name}, c)
	if err != nil && !apierrors.IsNotFound(err) {
		r.t.Fatal(err)
	}
	return c
}

// records are what the catalog topic holds, by key.
func (r *rig) records() map[string]*catalogpb.Record {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	records, err := publish.Read(ctx, publish.Config{Options: r.kafka, Topic: r.names.Catalog()})
	if err != nil {
		return nil // not made yet
	}
	return records
}

// end is the end of the catalog topic, after the last commit.
func (r *rig) end() int64 {
	r.t.Helper()
	admin, err := kgo.NewClient(r.kafka...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer admin.Close()
	ends, err := kadm.NewClient(admin).ListEndOffsets(r.t.Context(), r.names.Catalog())
	if err != nil {
		r.t.Fatal(err)
	}
	end, ok := ends.Lookup(r.names.Catalog(), 0)
	if !ok || end.Err != nil {
		r.t.Fatalf("end of the catalog: %v", end.Err)
	}
	return end.Offset
}

// beat is a heartbeat of a pod that has applied everything that is in the catalog now.
func (r *rig) beat(pods ...string) {
	r.t.Helper()
	r.beatAt(r.end()-1, pods...)
}

func (r *rig) beatAt(applied int64, pods ...string) {
	r.t.Helper()
	list := make([]*event.Heartbeat, len(pods))
	for i, pod := range pods {
		list[i] = &event.Heartbeat{Pod: pod, BootId: uint64(i + 1), AppliedOffset: applied}
	}
	r.say(list...)
}

// say writes heartbeats as trackers do.
func (r *rig) say(heartbeats ...*event.Heartbeat) {
	r.t.Helper()
	log, err := kgo.NewClient(r.kafka...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	for _, h := range heartbeats {
		h.At = time.Now().UnixMilli()
		value, err := h.MarshalVT()
		if err != nil {
			r.t.Fatal(err)
		}
		if err := log.ProduceSync(r.t.Context(), &kgo.Record{Topic: r.names.Heartbeats(), Key: []byte(h.Pod), Value: value}).FirstErr(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// eventually looks again and again until there is nothing left to complain of.
func (r *rig) eventually(what string, done func() bool) {
	r.t.Helper()
	if complaint := poll(func() string {
		if done() {
			return ""
		}
		return what
	}); complaint != "" {
		r.t.Fatalf("not within %s: %s", patience, complaint)
	}
}

// poll returns the last complaint, empty as soon as there is none.
func poll(complain func() string) (complaint string) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		if complaint = complain(); complaint == "" || time.Now().After(deadline) {
			return complaint
		}
	}
}

// becomes waits until a campaign's conditions of its present generation contain these, as "Ready=True Serving", and
// lack those that follow a "!".
func (r *rig) becomes(name string, conditions ...string) *v1alpha1.Campaign {
	r.t.Helper()
	var c *v1alpha1.Campaign
	missing := poll(func() string {
		c = r.campaign(name)
		return lacks(c, conditions)
	})
	if missing != "" {
		r.t.Fatalf("campaign %s within %s: no %s in generation %d: %+v", name, patience, missing, c.Generation, c.Status)
	}
	return c
}

// saying waits until a condition of a campaign has this message.
func (r *rig) saying(name, condition, message string) *v1alpha1.Campaign {
	r.t.Helper()
	var c *v1alpha1.Campaign
	complaint := poll(func() string {
		c = r.campaign(name)
		said := ""
		for _, is := range c.Status.Conditions {
			if is.Type == condition {
				said = is.Message
			}
		}
		if said != message {
			return "says " + said
		}
		return ""
	})
	if complaint != "" {
		r.t.Fatalf("campaign %s, condition %s: %s, want %s", name, condition, complaint, message)
	}
	return c
}

func lacks(c *v1alpha1.Campaign, conditions []string) string {
	for _, want := range conditions {
		found := false
		kind, absent := strings.CutPrefix(want, "!")
		for _, is := range c.Status.Conditions {
			if absent {
				found = found || is.Type == kind
				continue
			}
			text := fmt.Sprintf("%s=%s %s", is.Type, is.Status, is.Reason)
			found = found || text == want && is.ObservedGeneration == c.Generation
		}
		if found == absent || len(c.Status.Conditions) == 0 {
			return want
		}
	}
	return ""
}

// writes counts what an operator writes to the API server, or reads from it, by path.
type writes struct {
	mu     sync.Mutex
	byPath map[string]int
}

func (w *writes) watch(next http.RoundTripper, reads bool) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if (request.Method == http.MethodGet) == reads && err == nil && !strings.Contains(request.URL.Path, "/events") {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.byPath == nil {
				w.byPath = map[string]int{}
			}
			w.byPath[request.URL.Path]++
		}
		return response, err
	})
}

// of counts the writes since the last call to paths that contain part.
func (w *writes) of(part string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for path, count := range w.byPath {
		if strings.Contains(path, part) {
			n += count
			delete(w.byPath, path)
		}
	}
	return n
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func key(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}
