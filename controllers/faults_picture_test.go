package controllers_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

const (
	// calm is how long an operator that has come to the end asks for nothing.
	calm = 500 * time.Millisecond
	// atRest is longer than every timer by which an operator looks again without news.
	atRest = 17 * time.Second
	// lookEvery spares the API server, which answers a request for every kind of objects for a picture.
	lookEvery = time.Second
)

// picture is the state of a rig: objects by kind/namespace/name, records of the catalog by key.
type picture map[string]any

// picture shows all objects of all kinds in the rig's namespaces, and the catalog. What differs from run to run
// is left out: names of namespaces, UIDs, versions, times, values of Secrets.
func (w *world) picture() picture {
	w.t.Helper()
	all, there := picture{}, map[types.UID]bool{}
	var found []*unstructured.Unstructured
	kinds, err := kindsOf(w.plain)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, kind := range kinds {
		for _, namespace := range []string{w.platform, w.ads} {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(kind)
			if err := w.client.List(w.t.Context(), list, client.InNamespace(namespace)); err != nil {
				w.t.Fatalf("list %s: %v", kind, err)
			}
			for i := range list.Items {
				found, there[list.Items[i].GetUID()] = append(found, &list.Items[i]), true
			}
		}
	}
	for _, o := range found {
		if collected(o, there) {
			continue
		}
		all[w.plainly(fmt.Sprintf("%s/%s/%s", o.GetKind(), o.GetNamespace(), o.GetName()))] = w.normal(essence(o))
	}
	for key, record := range w.records() {
		text, err := protojson.Marshal(record)
		if err != nil {
			w.t.Fatal(err)
		}
		tree := map[string]any{}
		if err := json.Unmarshal(text, &tree); err != nil {
			w.t.Fatal(err)
		}
		delete(tree, "digest")
		all["record "+w.plainly(key)] = w.normal(without(tree, "topicId", "id", "topics"))
	}
	return all
}

// collected reports whether a cluster would have removed an object, because all its owners are gone.
func collected(o *unstructured.Unstructured, there map[types.UID]bool) bool {
	owners := o.GetOwnerReferences()
	return len(owners) > 0 && !slices.ContainsFunc(owners, func(owner metav1.OwnerReference) bool { return there[owner.UID] })
}

var listed sync.Map // what kindsOf found out, by server

// kindsOf are the kinds of objects that live in namespaces, but for events, leases and endpoints, which tell
// what happens rather than what is wanted.
func kindsOf(config *rest.Config) ([]schema.GroupVersionKind, error) {
	if known, ok := listed.Load(config.Host); ok {
		return known.([]schema.GroupVersionKind), nil
	}
	server, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	found, err := discovery.ServerPreferredNamespacedResources(server)
	if err != nil {
		return nil, err
	}
	var kinds []schema.GroupVersionKind
	for _, group := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "create"}}, found) {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range group.APIResources {
			if resource.Kind != "Event" && resource.Kind != "Lease" && resource.Kind != "Endpoints" {
				kinds = append(kinds, version.WithKind(resource.Kind))
			}
		}
	}
	listed.Store(config.Host, kinds)
	return kinds, nil
}

// essence is what an object says, without who wrote it when.
func essence(o *unstructured.Unstructured) map[string]any {
	tree := o.Object
	meta := map[string]any{"deleted": o.GetDeletionTimestamp() != nil}
	fields := []string{"labels", "annotations", "finalizers"}
	if o.GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
		fields = append(fields, "generation") // users' edits, which count; of a workload it counts what was written on the way
	} else {
		delete(nested(tree, "status"), "observedGeneration")
	}
	for _, field := range fields {
		if value, ok := tree["metadata"].(map[string]any)[field]; ok {
			meta[field] = value
		}
	}
	var owners []any
	for _, owner := range o.GetOwnerReferences() {
		owners = append(owners, fmt.Sprintf("%s/%s controller %t", owner.Kind, owner.Name, owner.Controller != nil && *owner.Controller))
	}
	meta["owners"] = owners
	if o.GetKind() == "Secret" {
		data := map[string]any{}
		for name := range nested(tree, "data") {
			data[name] = "a secret"
		}
		tree["data"] = data
	}
	tree["metadata"] = meta
	return without(tree, "lastTransitionTime", "clusterIP", "clusterIPs", "nodePort", "startTime", "completionTime", "lastUpdateTime")
}

func nested(tree map[string]any, field string) map[string]any {
	inner, _ := tree[field].(map[string]any)
	return inner
}

// without drops fields wherever they are.
func without(tree map[string]any, fields ...string) map[string]any {
	for _, field := range fields {
		delete(tree, field)
	}
	for _, value := range tree {
		switch inner := value.(type) {
		case map[string]any:
			without(inner, fields...)
		case []any:
			for _, one := range inner {
				if m, ok := one.(map[string]any); ok {
					without(m, fields...)
				}
			}
		}
	}
	return tree
}

// minute of a CronJob follows from the name of its namespace.
var minute = regexp.MustCompile(`\b\d+( \* \* \* \*| of every hour)`)

var uid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// plainly replaces what was generated for the rig.
func (w *world) plainly(text string) string {
	text = strings.NewReplacer(w.platform, "PLATFORM", w.ads, "ADS", w.address, "KAFKA").Replace(text)
	text = minute.ReplaceAllString(text, "MINUTE$1")
	return uid.ReplaceAllString(text, "UID")
}

// normal is a tree with the generated names replaced in its values and keys.
func (w *world) normal(tree map[string]any) any {
	w.t.Helper()
	text, err := json.Marshal(tree)
	if err != nil {
		w.t.Fatal(err)
	}
	var back any
	if err := json.Unmarshal([]byte(w.plainly(string(text))), &back); err != nil {
		w.t.Fatal(err)
	}
	return back
}

// serving reports whether every custom resource of the rig is Ready in its present generation.
func (w *world) serving() bool {
	w.t.Helper()
	n := 0
	for _, kind := range []string{"AggregationPipeline", "BillingSchedule", "Campaign", "FraudPolicy", "Tracker", "TrafficSource"} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
		for _, namespace := range []string{w.platform, w.ads} {
			if err := w.client.List(w.t.Context(), list, client.InNamespace(namespace)); err != nil {
				w.t.Fatal(err)
			}
			for i := range list.Items {
				if n++; !isReady(&list.Items[i]) {
					return false
				}
			}
		}
	}
	return n > 0
}

func isReady(o *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, one := range conditions {
		c, _ := one.(map[string]any)
		if c["type"] == v1alpha1.ConditionReady {
			return c["status"] == string(metav1.ConditionTrue) && c["observedGeneration"] == o.GetGeneration()
		}
	}
	return false
}

// becomesAs waits until the state is the wanted one and stays so while the operator is quiet.
func (w *world) becomesAs(want picture) {
	w.t.Helper()
	diff := "the operator never came to rest"
	defer func() {
		if w.t.Failed() {
			w.t.Logf("state, -undisturbed +this:\n%s", diff)
		}
	}()
	var looked time.Time
	w.until("the state is that of the undisturbed run", func() bool {
		if !w.calls.quiet(calm) || time.Since(looked) < lookEvery {
			return false
		}
		looked = time.Now()
		diff = cmp.Diff(want, w.picture())
		return diff == "" && w.calls.quiet(calm)
	})
}
