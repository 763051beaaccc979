package crds_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	team      = client.FieldOwner("campaign-team")
	optimiser = client.FieldOwner("optimiser")
)

// share is the part of the campaign that a second owner applies.
const share = `
apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: spring}
`

// TestTwoOwnersShareAKeyedList: each brings entries of its own, and takes only those away again.
func TestTwoOwnersShareAKeyedList(t *testing.T) {
	for list, k := range map[string]struct{ key, ours, theirs string }{
		"offers":       {"id", `{"id": "a", "url": "https://shop.example.org/a"}`, `{"id": "b", "url": "https://shop.example.org/b"}`},
		"landingPages": {"id", `{"id": "a", "url": "https://shop.example.org/a"}`, `{"id": "b", "url": "https://shop.example.org/b"}`},
		"ads":          {"id", `{"id": "a", "publisher": "pub-1"}`, `{"id": "b", "publisher": "pub-2"}`},
		"tests":        {"name", `{"name": "a", "request": {"query": "q"}, "expect": {"status": "Valid"}}`, `{"name": "b", "request": {"query": "q"}, "expect": {"status": "Valid"}}`},
	} {
		t.Run(list, func(t *testing.T) {
			c := newCluster(t)
			keys := func() []string {
				items, _, err := unstructured.NestedSlice(c.live(parse(t, campaign)).Object, "spec", list)
				if err != nil {
					t.Fatal(err)
				}
				var found []string
				for _, item := range items {
					found = append(found, item.(map[string]any)[k.key].(string))
				}
				slices.Sort(found)
				return found
			}
			ours, theirs := parse(t, campaign), parse(t, share)
			set(t, ours, []any{values(t, k.ours)}, "spec", list)
			set(t, theirs, []any{values(t, k.theirs)}, "spec", list)
			c.mustApply(team, ours)
			c.mustApply(optimiser, theirs)
			c.mustApply(team, ours) // GitOps comes by again
			if diff := cmp.Diff([]string{"a", "b"}, keys()); diff != "" {
				t.Errorf("with two owners (-want +got):\n%s", diff)
			}
			c.mustApply(team, parse(t, campaign))
			if diff := cmp.Diff([]string{"b"}, keys()); diff != "" {
				t.Errorf("after the first took its entry away (-want +got):\n%s", diff)
			}
			c.mustApply(optimiser, parse(t, share))
			if left := keys(); len(left) > 0 {
				t.Errorf("after both took theirs away: %q", left)
			}
		})
	}
}

// TestAnOwnedFieldIsNotTakenOver: the second to state another value is told who owns it. An atomic list is one value,
// also where only an entry is added.
func TestAnOwnedFieldIsNotTakenOver(t *testing.T) {
	const offers = `[{"id": "a", "url": "https://shop.example.org/a"}]`
	for sentence, k := range map[string]struct {
		list, ours, theirs, field string
	}{
		"a field of an entry":      {"offers", offers, `[{"id": "a", "url": "https://other.example.org/"}]`, `.spec.offers[id="a"].url`},
		"an entry of routing":      {"routing", `[{"name": "x", "split": [{"offer": "a", "weight": 10000}]}]`, `[{"name": "x", "split": [{"offer": "a", "weight": 10000}]}, {"name": "y", "split": [{"offer": "a", "weight": 10000}]}]`, `.spec.routing`},
		"an entry of tracker refs": {"trackerRefs", `[{"name": "eu"}]`, `[{"name": "eu"}, {"name": "us"}]`, `.spec.trackerRefs`},
	} {
		t.Run(sentence, func(t *testing.T) {
			c, ours, theirs := newCluster(t), parse(t, campaign), parse(t, share)
			set(t, ours, values(t, `{"offers": `+offers+`}`)["offers"], "spec", "offers")
			set(t, ours, values(t, `{"l": `+k.ours+`}`)["l"], "spec", k.list)
			set(t, theirs, values(t, `{"l": `+k.theirs+`}`)["l"], "spec", k.list)
			c.mustApply(team, ours)
			before := c.live(ours)
			err := c.apply(optimiser, theirs)
			if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `conflict with "campaign-team": `+k.field) {
				t.Errorf("got %v, want a conflict with campaign-team about %s", err, k.field)
			}
			if diff := cmp.Diff(before.Object["spec"], c.live(ours).Object["spec"]); diff != "" {
				t.Errorf("the refused apply changed the spec (-before +after):\n%s", diff)
			}
		})
	}
}

// TestConditionsHaveOneOwnerEach: another reporter may add a condition of its own, and takes none of ours.
func TestConditionsHaveOneOwnerEach(t *testing.T) {
	c, manifest := newCluster(t), parse(t, campaign)
	c.mustApply(team, manifest)
	for _, k := range []struct {
		who  client.FieldOwner
		kind string
	}{{"operator", "Ready"}, {"policy-engine", "example.org/Audited"}, {"operator", "Ready"}} {
		report := parse(t, share)
		report.SetNamespace(c.namespace)
		set(t, report, values(t, `{"c": [{"type": "`+k.kind+`", "status": "True", "reason": "Fine", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}`)["c"], "status", "conditions")
		if err := c.Status().Apply(t.Context(), client.ApplyConfigurationFromUnstructured(report), k.who); err != nil {
			t.Fatal(err)
		}
	}
	conditions, _, err := unstructured.NestedSlice(c.live(manifest).Object, "status", "conditions")
	reported := slices.DeleteFunc(conditions, func(one any) bool { return one.(map[string]any)["reason"] == "Pending" })
	if err != nil || len(reported) != 2 {
		t.Errorf("%d conditions, want those of both reporters: %v: %v", len(reported), reported, err)
	}
}
