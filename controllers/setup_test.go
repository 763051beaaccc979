package controllers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// nothing matches no object that the tests make.
var nothing = func() labels.Selector {
	never, err := labels.NewRequirement("never", selection.Exists, nil)
	if err != nil {
		panic(err)
	}
	return labels.NewSelector().Add(*never)
}()

func TestTheSamplesReachTheCatalogAndGoLive(t *testing.T) {
	r := newRig(t)
	r.apply(r.samples())
	r.start()
	want := []string{
		"campaign/app-launch", "campaign/city-breaks", "campaign/newsletter", "campaign/spring-sale", "campaign/winter-clearance",
		"generation/0", "pipeline", "policy/" + r.platform + "/default", "source/" + r.ads + "/propeller", "tracker/" + r.platform + "/local",
	}
	var keys []string
	r.eventually("all samples are in the catalog", func() bool {
		keys = slices.Sorted(maps.Keys(r.records()))
		return len(keys) >= len(want)
	})
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Fatal(diff)
	}
	if owner := r.records()["pipeline"].GetPipeline(); owner.GetOwnerCluster() != "test" || owner.GetOwnerObject() == "" {
		t.Errorf("owner %q of %q", owner.GetOwnerObject(), owner.GetOwnerCluster())
	}
	waits := r.becomes("newsletter", "Accepted=True Accepted", "ResolvedRefs=True Resolved", "Programmed=False Progressing", "Ready=False Progressing", "Reconciling=True Progressing", "!Stalled")
	if waits.Status.Serving != "" {
		t.Errorf("serving %q before anybody reported", waits.Status.Serving)
	}
	r.beat("local-0", "local-1")
	live := r.becomes("newsletter", "Programmed=True Programmed", "Ready=True Serving", "!Reconciling", "!Stalled")
	if live.Status.Serving != "gen 1" || len(live.Status.Trackers) != 1 {
		t.Fatalf("status %+v", live.Status)
	}
	domain := string(sampleTracker(r).Spec.Domains[0])
	got := live.Status.Trackers[0]
	wanted := v1alpha1.CampaignTrackerStatus{
		Name: "local", Namespace: v1alpha1.NamespaceName(r.platform), Accepted: "True", Reason: "Accepted",
		Link: "https://" + domain + "/c/newsletter", ServedGeneration: 1,
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Error(diff)
	}
	for _, object := range []client.Object{&v1alpha1.FraudPolicy{}, &v1alpha1.TrafficSource{}, &v1alpha1.BillingSchedule{}} {
		r.ready(object)
	}
	// What does nothing yet is said, and keeps nothing from going live.
	sale := r.becomes("spring-sale", "Accepted=True Unsupported", "Ready=True Serving")
	if message := sale.Status.Conditions[0].Message; !strings.HasPrefix(message, "spec.budget: has no effect in this version") || !strings.HasSuffix(message, "more)") {
		t.Errorf("accepted with %q", message)
	}
}

func sampleTracker(r *rig) *v1alpha1.Tracker {
	t := &v1alpha1.Tracker{}
	if err := r.client.Get(r.t.Context(), key(r.platform, "local"), t); err != nil {
		r.t.Fatal(err)
	}
	return t
}

func TestAnEditIsPublishedAndAMistakeIsNot(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.apply(campaign("a", "https://shop.example.org/1") + "---" + campaign("b", "https://shop.example.org/1"))
	r.start()
	r.becomes("a", "Programmed=False Progressing")
	r.beat("eu-0", "eu-1")
	r.becomes("a", "Ready=True Serving")
	r.becomes("b", "Ready=True Serving")
	r.writes.of("")

	r.apply(campaign("a", "https://shop.example.org/2"))
	r.becomes("a", "Programmed=False Progressing", "Reconciling=True Progressing")
	if c := r.campaign("a"); c.Status.Serving != "gen 1" {
		t.Errorf("serving %q while generation 2 is on its way", c.Status.Serving)
	}
	r.eventually("the edit is in the catalog", func() bool {
		return r.records()["campaign/a"].GetCampaign().GetOfferPageUrl() == "https://shop.example.org/2"
	})
	end := r.end() - 1
	r.beatAt(end, "eu-0")
	r.beatAt(end-5, "eu-1") // one pod is behind
	r.beatAt(end, "eu-1")
	r.becomes("a", "Ready=True Serving", "!Reconciling")
	if c := r.campaign("a"); c.Status.Serving != "gen 2" {
		t.Errorf("serving %q, want gen 2", c.Status.Serving)
	}
	if n := r.writes.of("/campaigns/a/status"); n > 2 {
		t.Errorf("%d status writes for an edit, at most 2", n)
	}
	if n := r.writes.of("/campaigns/"); n != 0 {
		t.Errorf("%d status writes to what was not edited", n)
	}

	r.apply(campaign("a", "https://shop.example.net/"))
	wrong := r.becomes("a", "Accepted=False NotAllowed", "Programmed=False NotAllowed", "Ready=False NotAllowed", "Stalled=True NotAllowed", "!Reconciling")
	message := `spec.offerPageURL: host "shop.example.net" is not among tracker ` + r.platform +
		`/eu's allowedHosts (*.example.org): ask the tracker's owner, or use an allowed host; generation 2 keeps serving`
	if got := wrong.Status.Conditions[0].Message; got != message {
		t.Errorf("the user is told %q, want %q", got, message)
	}
	if wrong.Status.Serving != "gen 2" || wrong.Status.Trackers[0].Accepted != "True" {
		t.Errorf("status after a mistake: %+v", wrong.Status)
	}
	if on := r.records()["campaign/a"]; on.GetGeneration() != 2 || on.GetCampaign().GetOfferPageUrl() != "https://shop.example.org/2" {
		t.Errorf("the catalog after a mistake: %v", on)
	}
	// One bad campaign stops no other.
	r.apply(campaign("b", "https://shop.example.org/2"))
	r.eventually("the other campaign's edit is in the catalog", func() bool { return r.records()["campaign/b"].GetGeneration() == 2 })

	// A restart finds the same, publishes nothing and writes nothing.
	r.beat("eu-0", "eu-1")
	r.becomes("b", "Ready=True Serving")
	r.stop()
	before := r.end()
	r.writes.of("")
	r.start()
	r.apply(campaign("c", "https://shop.example.org/1")) // once it is there, everything was looked at
	r.becomes("c", "Accepted=True Accepted")
	if after := r.records(); r.end() != before+2 || after["campaign/a"].GetGeneration() != 2 { // one record and its commit
		t.Errorf("a restart published: the log ended at %d and ends at %d", before, r.end())
	}
	r.writes.of("/campaigns/c/status")
	if n := r.writes.of("/campaigns/"); n != 0 {
		t.Errorf("a restart wrote %d statuses", n)
	}
}

func TestATombstoneNeedsProof(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	r.apply(campaign("a", "https://shop.example.org/1") + "---" + campaign("b", "https://shop.example.org/1"))
	r.start()
	r.becomes("a", "Accepted=True Accepted")
	r.becomes("b", "Accepted=True Accepted")
	held := r.campaign("a")
	held.Finalizers = []string{"clicktally.dev/test"}
	if err := r.client.Update(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	if err := r.client.Delete(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	r.apply(campaign("b", "https://shop.example.org/2"))
	r.eventually("a later edit is in the catalog", func() bool { return r.records()["campaign/b"].GetGeneration() == 2 })
	if r.records()["campaign/a"].GetCampaign() == nil {
		t.Fatal("a campaign that is only being deleted is gone from the catalog")
	}
	held = r.campaign("a")
	held.Finalizers = nil
	if err := r.client.Update(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	r.eventually("its id is released", func() bool {
		return r.records()["campaign/a"].GetReleased().GetNamespace() == r.ads
	})

	// A cache that shows nothing of what is there proves nothing.
	r.stop()
	before := r.records()
	end := r.end()
	r.cacheOfNothing = true
	r.start()
	pipeline := &v1alpha1.AggregationPipeline{}
	if err := r.client.Get(t.Context(), key(r.platform, "main"), pipeline); err != nil {
		t.Fatal(err)
	}
	pipeline.Labels = map[string]string{"never": "seen"} // the pipeline alone is seen, so that there is a publisher
	if err := r.client.Update(t.Context(), pipeline); err != nil {
		t.Fatal(err)
	}
	stray := strings.Replace(campaign("z", "https://shop.example.org/1"), "name: z,", "name: z, labels: {never: seen},", 1)
	r.apply(stray)
	r.becomes("z", "Accepted=True Accepted")
	after := r.records()
	delete(after, "campaign/z")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))); diff != "" || after["campaign/b"].GetCampaign() == nil {
		t.Errorf("an empty cache changed the catalog (it ended at %d and ends at %d): %s", end, r.end(), diff)
	}
}

func TestTheHolderOfAnIDIsNeverDisplaced(t *testing.T) {
	r := newRig(t)
	r.apply(platform)
	id := func(name, url string) string {
		return strings.Replace(campaign(name, url), "spec:", "spec:\n  id: sale", 1)
	}
	r.apply(id("second-by-name", "https://shop.example.org/1"))
	r.start()
	r.becomes("second-by-name", "Accepted=True Accepted")
	r.apply(id("first-by-name", "https://shop.example.org/2"))
	refused := r.becomes("first-by-name", "Accepted=False IDTaken", "Stalled=True IDTaken")
	if message := refused.Status.Conditions[0].Message; message != `spec.id: campaign id "sale" is taken by campaign `+
		r.ads+`/second-by-name: set spec.id to another id; nothing of it is served` {
		t.Errorf("the user is told %q", message)
	}
	r.apply(id("second-by-name", "https://shop.example.net/")) // a mistake is no reason either
	r.becomes("second-by-name", "Accepted=False NotAllowed")
	if on := r.records()["campaign/sale"].GetCampaign(); on.GetName() != "second-by-name" || on.GetOfferPageUrl() != "https://shop.example.org/1" {
		t.Errorf("the id is served by %s", on.GetName())
	}
	if err := r.client.Delete(t.Context(), r.campaign("second-by-name")); err != nil {
		t.Fatal(err)
	}
	r.becomes("first-by-name", "Accepted=True Accepted", "!Stalled")
}

// ready waits until the one object of a kind is Ready, and checks the number that its status has.
func (r *rig) ready(object client.Object) {
	r.t.Helper()
	name := map[string]string{"*v1alpha1.FraudPolicy": "default", "*v1alpha1.TrafficSource": "propeller", "*v1alpha1.BillingSchedule": "monthly"}[fmt.Sprintf("%T", object)]
	namespace := r.platform
	if name == "propeller" {
		namespace = r.ads
	}
	var conditions []metav1.Condition
	var trackers *int32
	complaint := poll(func() string {
		if err := r.client.Get(r.t.Context(), key(namespace, name), object); err != nil {
			return err.Error()
		}
		switch o := object.(type) {
		case *v1alpha1.FraudPolicy:
			conditions, trackers = o.Status.Conditions, o.Status.Trackers
		case *v1alpha1.TrafficSource:
			conditions, trackers = o.Status.Conditions, o.Status.Trackers
		case *v1alpha1.BillingSchedule:
			conditions, trackers = o.Status.Conditions, new(int32(1))
		}
		for _, c := range conditions {
			if c.Type == v1alpha1.ConditionReady && c.Status == metav1.ConditionTrue && trackers != nil && *trackers == 1 {
				return ""
			}
		}
		return fmt.Sprintf("trackers %v, conditions %+v", trackers, conditions)
	})
	if complaint != "" {
		r.t.Fatalf("%T %s is not ready within %s: %s", object, name, patience, complaint)
	}
	want := 4
	if name == "monthly" {
		want++ // Sealed
	}
	if len(conditions) != want {
		r.t.Errorf("%T %s is settled and has %d conditions: %+v", object, name, len(conditions), conditions)
	}
}
