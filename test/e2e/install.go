package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// chart are the arguments of an installation: the images of this run, which no registry has.
func (s *stage) chart(more ...string) []string {
	return append([]string{
		filepath.Join(s.root, "charts", "clicktally"), "--set=image.registry=" + s.registry, "--set=image.tag=" + s.tag,
		"--set=operator.resources.requests.cpu=10m", "--wait", "--timeout=4m",
	}, more...)
}

func install(s *stage) {
	s.command(s.helm, append([]string{"install", release, "--namespace=" + system, "--create-namespace"}, s.chart()...)...)
	if ready := s.get(system, "deployment/clicktally-operator", "{.status.readyReplicas}"); ready != "2" {
		s.Errorf("%q operators are ready, want 2: one leads, one waits", ready)
	}
}

// applySamples applies config/samples, told where this run's stores are.
func applySamples(s *stage) {
	for _, namespace := range []string{platform, ads, amer} {
		s.apply("{apiVersion: v1, kind: Namespace, metadata: {name: " + namespace + "}}")
	}
	var kinds []string
	for _, object := range s.samples() {
		s.apply(toJSON(s, object))
		kinds = append(kinds, object.GetKind())
	}
	for _, kind := range []string{"AggregationPipeline", "Tracker", "Campaign", "FraudPolicy", "TrafficSource", "BillingSchedule"} {
		if !slices.Contains(kinds, kind) {
			s.Errorf("the samples hold no %s", kind)
		}
	}
	s.ready(platform, "aggregationpipeline/main", "tracker/local", "fraudpolicy/default")
	s.ready(ads, "campaign/spring-sale", "trafficsource/propeller")
	s.ready(amer, "campaign/newsletter")
	link := s.get(ads, "campaign/spring-sale", "{.status.trackers[0].link}")
	if !strings.HasSuffix(link, "spring-sale") {
		s.Errorf("the link of spring-sale is %q", link)
	}
	s.Logf("kubectl get clicktally -A\n%s", s.kubectl("get", "clicktally", "-A"))
}

// small is what a pod asks of a machine with two cores, which runs all of them.
var small = map[string]any{"resources": map[string]any{"requests": map[string]any{"cpu": "10m", "memory": "32Mi"}}}

// samples are the objects of config/samples.
func (s *stage) samples() []*unstructured.Unstructured {
	s.Helper()
	files, err := filepath.Glob(filepath.Join(s.root, "config", "samples", "*.yaml"))
	if err != nil || len(files) == 0 {
		s.Fatalf("samples: %v, %v", files, err)
	}
	var all []*unstructured.Unstructured
	for _, file := range files {
		relative, err := filepath.Rel(s.root, file)
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, s.parse(s.read(relative))...)
	}
	for _, object := range all {
		s.place(object)
	}
	// As a careful user would: what others refer to comes first.
	order := []string{"Secret", "AggregationPipeline", "FraudPolicy", "Tracker"}
	slices.SortStableFunc(all, func(a, b *unstructured.Unstructured) int { return rank(order, a.GetKind()) - rank(order, b.GetKind()) })
	return all
}

func rank(order []string, kind string) int {
	if i := slices.Index(order, kind); i >= 0 {
		return i
	}
	return len(order)
}

// place tells an object where this run's stores are, and how small this machine is.
func (s *stage) place(object *unstructured.Unstructured) {
	s.Helper()
	set := func(value any, path ...string) {
		if err := unstructured.SetNestedField(object.Object, value, path...); err != nil {
			s.Fatal(err)
		}
	}
	switch object.GetKind() {
	case "AggregationPipeline":
		set([]any{s.stores.bootstrap}, "spec", "kafka", "bootstrapServers")
		set(int64(1), "spec", "kafka", "replicationFactor")
		set([]any{s.stores.redis}, "spec", "redis", "addresses")
		set([]any{s.stores.clickHouse}, "spec", "clickHouse", "addresses")
		set("HTTP", "spec", "clickHouse", "protocol")
		for _, workload := range []string{"aggregator", "query"} {
			set(map[string]any{"replicas": int64(1), "pod": small}, "spec", workload)
		}
	case "Tracker":
		set(int64(2), "spec", "replicas")
		set(small, "spec", "pod")
		set("64Mi", "spec", "journal", "size")
	}
}

func (s *stage) parse(yaml string) []*unstructured.Unstructured {
	s.Helper()
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(yaml)), 1<<16)
	var all []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			s.Fatal(err)
		}
		if len(object.Object) > 0 {
			all = append(all, object)
		}
	}
}

func toJSON(s *stage, object *unstructured.Unstructured) string {
	text, err := json.Marshal(object)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}
