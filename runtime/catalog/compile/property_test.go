package compile

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// world is a small platform whose objects collide often.
type world struct {
	campaigns  map[string]*v1alpha1.Campaign
	trackers   map[string]*v1alpha1.Tracker
	policies   map[string]*v1alpha1.FraudPolicy
	namespaces map[string]map[string]string
	owners     []v1alpha1.IDOwner
	complete   bool
	log        map[string]*catalogpb.Record
}

var (
	worldNamespaces = []string{"a", "b"}
	worldHosts      = []string{"one.example.org", "two.example.org"}
	worldIDs        = []string{"x", "y", "z"}
)

func newWorld() *world {
	w := &world{
		campaigns: map[string]*v1alpha1.Campaign{}, trackers: map[string]*v1alpha1.Tracker{},
		policies: map[string]*v1alpha1.FraudPolicy{}, namespaces: map[string]map[string]string{"a": {"ads": "yes"}},
	}
	return w
}

// begin has one campaign that is served, on t1.
func (w *world) begin() {
	w.trackers["t1"] = &v1alpha1.Tracker{ObjectMeta: metav1.ObjectMeta{Namespace: "p", Name: "t1"}}
	spec := &w.trackers["t1"].Spec
	spec.PipelineRef.Name, spec.FallbackURL = "main", "https://f.example.com/"
	spec.Destinations = &v1alpha1.Destinations{AllowedHosts: []v1alpha1.HostPattern{"*.example.org"}}
	spec.AllowedCampaigns = &v1alpha1.AllowedCampaigns{Namespaces: v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll}}
	w.campaigns["a/x"] = &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x"}}
	c := &w.campaigns["a/x"].Spec
	c.Advertiser, c.SafePageURL = "adv", v1alpha1.URL("https://"+worldHosts[0]+"/")
	c.TrackerRefs = []v1alpha1.TrackerRef{{Namespace: "p", Name: "t1"}}
}

func (w *world) objects() Objects {
	pipeline := &v1alpha1.AggregationPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "p", Name: "main"}}
	pipeline.Spec.IDOwners = w.owners
	o := Objects{
		Pipelines: []*v1alpha1.AggregationPipeline{pipeline}, Namespaces: w.namespaces, Complete: w.complete, Previous: w.log,
	}
	for _, c := range w.campaigns { // map order shuffles the lists
		o.Campaigns = append(o.Campaigns, c)
	}
	for _, t := range w.trackers {
		o.Trackers = append(o.Trackers, t)
	}
	for _, p := range w.policies {
		o.Policies = append(o.Policies, p)
	}
	return o
}

// edit changes one object, or what the compiler is told about objects that are not listed. It returns the campaign that it
// gave another form, if it did nothing else.
func (w *world) edit(t *rapid.T) *v1alpha1.Campaign {
	switch rapid.SampledFrom([]string{"campaign", "campaign", "campaign", "page", "page", "remove", "tracker", "policy", "label", "owner", "complete"}).Draw(t, "edit") {
	case "campaign":
		c := drawCampaign(t)
		key := c.Namespace + "/" + c.Name
		before := w.campaigns[key]
		w.campaigns[key] = c
		if before != nil {
			return c
		}
	case "page":
		c := w.campaigns[rapid.SampledFrom(worldNamespaces).Draw(t, "namespace")+"/"+rapid.SampledFrom(worldIDs).Draw(t, "name")].DeepCopy()
		if c != nil {
			c.Spec.SafePageURL = v1alpha1.URL("https://" + rapid.SampledFrom(worldHosts).Draw(t, "host") + "/")
			w.campaigns[c.Namespace+"/"+c.Name] = c
		}
		return c
	case "remove":
		delete(w.campaigns, rapid.SampledFrom(worldNamespaces).Draw(t, "namespace")+"/"+rapid.SampledFrom(worldIDs).Draw(t, "name"))
		if rapid.IntRange(0, 3).Draw(t, "tracker too") == 0 {
			delete(w.trackers, rapid.SampledFrom([]string{"t1", "t2"}).Draw(t, "tracker"))
		}
	case "tracker":
		tr := drawTracker(t)
		w.trackers[tr.Name] = tr
	case "policy":
		p := &v1alpha1.FraudPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: rapid.SampledFrom(worldNamespaces).Draw(t, "namespace"), Name: "strict"}}
		p.Spec.Bands = &v1alpha1.Bands{SuspiciousFrom: int32(rapid.IntRange(10, 60).Draw(t, "from")), FraudulentFrom: 50}
		w.policies[p.Namespace] = p
	case "label":
		w.namespaces = map[string]map[string]string{"b": {"ads": rapid.SampledFrom([]string{"yes", "no"}).Draw(t, "label")}}
	case "owner":
		w.owners = []v1alpha1.IDOwner{{
			ID:        v1alpha1.ID(rapid.SampledFrom(worldIDs).Draw(t, "id")),
			Namespace: v1alpha1.NamespaceName(rapid.SampledFrom(worldNamespaces).Draw(t, "namespace")),
		}}
	case "complete":
		w.complete = !w.complete
	}
	return nil
}

func drawCampaign(t *rapid.T) *v1alpha1.Campaign {
	c := &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{
		Namespace: rapid.SampledFrom(worldNamespaces).Draw(t, "namespace"), Name: rapid.SampledFrom(worldIDs).Draw(t, "name"),
		CreationTimestamp: metav1.NewTime(time.Unix(int64(rapid.IntRange(1, 3).Draw(t, "created")), 0)),
	}}
	c.Spec.ID = v1alpha1.ID(rapid.SampledFrom(append(worldIDs, "", "not an id")).Draw(t, "id"))
	c.Spec.Advertiser = "adv"
	for _, name := range rapid.SampledFrom([][]string{{"t1"}, {"t1"}, {"t2"}, {"t1", "t2"}}).Draw(t, "trackers") {
		c.Spec.TrackerRefs = append(c.Spec.TrackerRefs, v1alpha1.TrackerRef{Namespace: "p", Name: v1alpha1.ObjectName(name)})
	}
	c.Spec.SafePageURL = v1alpha1.URL("https://" + rapid.SampledFrom(worldHosts).Draw(t, "host") + "/")
	if rapid.Bool().Draw(t, "policy") {
		c.Spec.FraudPolicyRef = &v1alpha1.LocalRef{Name: "strict"}
	}
	return c
}

func drawTracker(t *rapid.T) *v1alpha1.Tracker {
	tr := &v1alpha1.Tracker{ObjectMeta: metav1.ObjectMeta{Namespace: "p", Name: rapid.SampledFrom([]string{"t1", "t2"}).Draw(t, "name")}}
	tr.Spec.PipelineRef.Name = v1alpha1.ObjectName(rapid.SampledFrom([]string{"main", "main", "main", "other"}).Draw(t, "pipeline"))
	tr.Spec.FallbackURL = v1alpha1.URL(rapid.SampledFrom([]string{"https://f.example.com/", "https://f.example.com/", "broken"}).Draw(t, "fallback"))
	tr.Spec.Destinations = &v1alpha1.Destinations{AllowedHosts: []v1alpha1.HostPattern{
		v1alpha1.HostPattern(rapid.SampledFrom(append(worldHosts, "*.example.org", "*.example.org")).Draw(t, "host")),
	}}
	tr.Spec.AllowedCampaigns = &v1alpha1.AllowedCampaigns{Namespaces: rapid.SampledFrom([]v1alpha1.AllowedNamespaces{
		{From: v1alpha1.NamespacesAll},
		{From: v1alpha1.NamespacesSame},
		{From: v1alpha1.NamespacesNames, Names: []v1alpha1.NamespaceName{"a"}},
		{From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"ads": "yes"}}},
	}).Draw(t, "grant")}
	return tr
}

func plain(r Result) string {
	var text strings.Builder
	fmt.Fprintf(&text, "deleted %v absent %v\n", r.Deleted, r.Absent)
	for _, record := range r.Records {
		encoded, _ := record.MarshalVT()
		fmt.Fprintf(&text, "%s %x\n", catalog.KeyOf(record), encoded)
	}
	for _, o := range r.Outcomes {
		fmt.Fprintf(&text, "%s key=%s kept=%v %v %v\n", o.Ref, o.Key, o.Kept, o.Record != nil, o.Problems)
	}
	return text.String()
}

// An edit compiled by a Compiler that saw everything before gives what a fresh compilation of all
// objects, in any order, gives; and what the log then holds is what is compiled again.
func TestIncrementalEqualsFull(t *testing.T) {
	revised := 0
	rapid.Check(t, func(t *rapid.T) {
		w, compiler := newWorld(), &Compiler{}
		w.begin()
		for range rapid.IntRange(1, 25).Draw(t, "edits") {
			if edited := w.edit(t); edited != nil && w.revise(t, compiler, edited) {
				revised++
			}
			incremental, full := compiler.Compile(w.objects()), Compile(w.objects())
			if diff := cmp.Diff(plain(full), plain(incremental)); diff != "" {
				t.Fatalf("incremental differs from full (-full +incremental):\n%s", diff)
			}
			checkInvariants(t, w, full)
			w.log = applied(w.log, incremental)
			again := compiler.Compile(w.objects())
			if after := applied(w.log, again); cmp.Diff(recordsOf(w.log), recordsOf(after)) != "" {
				t.Fatalf("compiling again changes the log:\n%s", cmp.Diff(recordsOf(w.log), recordsOf(after)))
			}
			if len(compiler.campaigns) > len(w.campaigns) {
				t.Fatalf("%d campaigns are remembered, and there are %d", len(compiler.campaigns), len(w.campaigns))
			}
			if len(compiler.served) > len(w.campaigns) {
				t.Fatalf("%d campaigns are remembered as served, and there are %d", len(compiler.served), len(w.campaigns))
			}
		}
	})
	if revised == 0 {
		t.Error("no edit was compiled ahead of the whole")
	}
	t.Logf("%d edits were compiled ahead of the whole", revised)
}

// revise publishes an edit ahead, if it may be: then it does all that a compilation of everything would do to the log.
func (w *world) revise(t *rapid.T, compiler *Compiler, edited *v1alpha1.Campaign) bool {
	record := compiler.Revise(edited)
	if record == nil {
		return false
	}
	want := recordsOf(applied(w.log, Compile(w.objects())))
	w.log = applied(w.log, Result{Records: []*catalogpb.Record{record}})
	if diff := cmp.Diff(want, recordsOf(w.log)); diff != "" {
		t.Fatalf("revised ahead, the log differs (-whole +revised):\n%s", diff)
	}
	return true
}

func recordsOf(log map[string]*catalogpb.Record) map[string]string {
	texts := map[string]string{}
	for key, record := range log {
		encoded, _ := record.MarshalVT()
		texts[key] = string(encoded)
	}
	return texts
}

// checkInvariants holds a result against rules of design 4 and 5, written independently of the code.
func checkInvariants(t *rapid.T, w *world, r Result) {
	log := applied(w.log, r)
	for key, record := range log {
		before := w.log[key].GetCampaign()
		c := record.GetCampaign()
		if c == nil {
			continue
		}
		owner := ""
		for _, o := range w.owners {
			if string(o.ID) == c.GetId() {
				owner = string(o.Namespace)
			}
		}
		home := before.GetNamespace() + w.log[key].GetReleased().GetNamespace()
		if home != "" && c.GetNamespace() != home && c.GetNamespace() != owner {
			t.Fatalf("%s went from namespace %q to %q, and idOwners names %q", key, home, c.GetNamespace(), owner)
		}
		for _, name := range c.GetTrackers() {
			tr := w.trackers[name[len("p/"):]]
			if tr == nil || tr.Spec.FallbackURL == "broken" || tr.Spec.PipelineRef.Name != "main" {
				continue // not listed or in error: what was granted before goes on
			}
			host := string(tr.Spec.Destinations.AllowedHosts[0])
			if want := c.GetSafePageUrl(); host != "*.example.org" && want != "https://"+host+"/" {
				t.Fatalf("%s goes to %s, which %s does not allow (%s)", key, want, name, host)
			}
			if !grants(w, tr, c.GetNamespace()) {
				t.Fatalf("%s of namespace %s is on %s, which does not admit it", key, c.GetNamespace(), name)
			}
		}
	}
}

func grants(w *world, tr *v1alpha1.Tracker, namespace string) bool {
	switch tr.Spec.AllowedCampaigns.Namespaces.From {
	case v1alpha1.NamespacesAll:
		return true
	case v1alpha1.NamespacesNames:
		return namespace == "a"
	case v1alpha1.NamespacesSelector:
		return w.namespaces[namespace]["ads"] == "yes"
	}
	return namespace == "p"
}

func many(n int) Objects {
	o := newWorld().objects()
	tr := &v1alpha1.Tracker{ObjectMeta: metav1.ObjectMeta{Namespace: "p", Name: "t1"}}
	tr.Spec.PipelineRef.Name, tr.Spec.FallbackURL = "main", "https://f.example.com/"
	tr.Spec.AllowedCampaigns = &v1alpha1.AllowedCampaigns{Namespaces: v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll}}
	o.Trackers = []*v1alpha1.Tracker{tr}
	for i := range n {
		c := &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: fmt.Sprintf("c-%05d", i)}}
		c.Spec.TrackerRefs = []v1alpha1.TrackerRef{{Namespace: "p", Name: "t1"}}
		c.Spec.Advertiser, c.Spec.SafePageURL = "adv", "https://f.example.com/{clickid}"
		o.Campaigns = append(o.Campaigns, c)
	}
	rand.Shuffle(n, func(i, j int) { o.Campaigns[i], o.Campaigns[j] = o.Campaigns[j], o.Campaigns[i] })
	return o
}

// BenchmarkEdit is one campaign changed among 10,000.
func BenchmarkEdit(b *testing.B) {
	o, compiler := many(10_000), &Compiler{}
	o.Campaigns = sorted(o.Campaigns) // as the operator keeps them
	o.Previous = applied(nil, compiler.Compile(o))
	for b.Loop() {
		o.Campaigns[0] = o.Campaigns[0].DeepCopy()
		if r := compiler.Compile(o); r.Errors() != 0 || len(r.Records) != 10_002 {
			b.Fatalf("%d errors, %d records: %v", r.Errors(), len(r.Records), r.Problems[:1])
		}
	}
}

// BenchmarkRevise is the same edit, compiled ahead.
func BenchmarkRevise(b *testing.B) {
	o, compiler := many(10_000), &Compiler{}
	o.Previous = applied(nil, compiler.Compile(o))
	for b.Loop() {
		if compiler.Revise(o.Campaigns[0].DeepCopy()) == nil {
			b.Fatal("the edit is not compiled")
		}
	}
}

// BenchmarkFull is the reference: 10,000 campaigns compiled from scratch.
func BenchmarkFull(b *testing.B) {
	o := many(10_000)
	for b.Loop() {
		Compile(o)
	}
}
