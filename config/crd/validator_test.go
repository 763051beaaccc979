package crd

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestValidatorKnowsEveryKind(t *testing.T) {
	var kinds []string
	for _, kind := range newValidator(t).Kinds() {
		kinds = append(kinds, kind.Group+"/"+kind.Version+" "+kind.Kind)
	}
	want := []string{
		"clicktally.dev/v1alpha1 AggregationPipeline",
		"clicktally.dev/v1alpha1 BillingSchedule",
		"clicktally.dev/v1alpha1 Campaign",
		"clicktally.dev/v1alpha1 FraudPolicy",
		"clicktally.dev/v1alpha1 Tracker",
		"clicktally.dev/v1alpha1 TrafficSource",
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestUnknownKindIsAnError(t *testing.T) {
	validator := newValidator(t)
	for sentence, patch := range map[string]string{
		"a misspelt kind":      `kind: Campain`,
		"another version":      `apiVersion: clicktally.dev/v1`,
		"a kind of a stranger": `{apiVersion: v1, kind: Secret}`,
	} {
		t.Run(sentence, func(t *testing.T) {
			object := patched(t, campaignBase, patch)
			errs := validator.Validate(t.Context(), object, nil)
			if len(errs) != 1 || errs[0].Field != "kind" {
				t.Errorf("Validate: got %v, want one error at kind", errs)
			}
			if validator.Default(object) == nil {
				t.Error("Default: got no error")
			}
		})
	}
}

// pending is the status of every object that nobody has looked at.
const pending = `
status:
  conditions:
  - {type: Accepted, status: Unknown, reason: Pending, message: waiting for the operator, lastTransitionTime: "1970-01-01T00:00:00Z"}
  - {type: ResolvedRefs, status: Unknown, reason: Pending, message: waiting for the operator, lastTransitionTime: "1970-01-01T00:00:00Z"}
  - {type: Programmed, status: Unknown, reason: Pending, message: waiting for the operator, lastTransitionTime: "1970-01-01T00:00:00Z"}
  - {type: Ready, status: Unknown, reason: Pending, message: waiting for the operator, lastTransitionTime: "1970-01-01T00:00:00Z"}
`

func TestDefaultSetsWhatTheDefinitionPromises(t *testing.T) {
	validator := newValidator(t)
	campaign := patched(t, campaignBase, `spec: {offers: [{id: of-1, url: "https://a.example/"}]}`)
	pipeline := patched(t, aggregationPipelineBase, `{}`)
	for _, object := range []*unstructured.Unstructured{campaign, pipeline} {
		if err := validator.Default(object); err != nil {
			t.Fatal(err)
		}
	}

	want := patched(t, campaignBase, `spec: {state: Active, offers: [{id: of-1, url: "https://a.example/", state: Active}]}`+pending)
	if diff := cmp.Diff(want.Object, campaign.Object); diff != "" {
		t.Errorf("campaign (-want +got):\n%s", diff)
	}
	want = patched(t, aggregationPipelineBase, `
spec:
  kafka: {topicPrefix: clicktally}
  clickHouse: {database: clicktally}
  dimensions: [Campaign, Ad, Advertiser, Publisher, TrafficSource, Country, Region, DeviceType]`+pending)
	if diff := cmp.Diff(want.Object, pipeline.Object); diff != "" {
		t.Errorf("pipeline (-want +got):\n%s", diff)
	}
}

func TestValidateChangesNothing(t *testing.T) {
	validator := newValidator(t)
	object := patched(t, campaignBase, `spec: {unknown: field, state: null}`)
	old := patched(t, campaignBase, `spec: {unknown: field}`)
	objectBefore, oldBefore := object.DeepCopy(), old.DeepCopy()

	validator.Validate(t.Context(), object, old)

	if diff := cmp.Diff(objectBefore, object); diff != "" {
		t.Errorf("new object (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(oldBefore, old); diff != "" {
		t.Errorf("old object (-before +after):\n%s", diff)
	}
}

func TestUnknownFieldsAreNamedByPath(t *testing.T) {
	object := patched(t, campaignBase, `
metadata: {labelz: {a: b}}
spec:
  offers: [{id: of-1, url: "https://a.example/", uri: "https://b.example/"}]
  prise: {amount: "1"}`)
	var got []string
	for _, err := range newValidator(t).Validate(t.Context(), object, nil) {
		got = append(got, err.Error())
	}
	want := []string{
		"metadata.labelz: Forbidden: unknown field",
		"spec.offers[0].uri: Forbidden: unknown field",
		"spec.prise: Forbidden: unknown field",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestNamesAreThoseOfKubernetes(t *testing.T) {
	validator := newValidator(t)
	for sentence, c := range map[string]struct{ patch, path string }{
		"no name":              {`metadata: {name: null}`, "metadata.name"},
		"no namespace":         {`metadata: {namespace: null}`, "metadata.namespace"},
		"a name in upper case": {`metadata: {name: Spring}`, "metadata.name"},
	} {
		t.Run(sentence, func(t *testing.T) {
			errs := validator.Validate(t.Context(), patched(t, campaignBase, c.patch), nil)
			if len(errs) == 0 || errs[0].Field != c.path {
				t.Errorf("got %v, want an error at %s", errs, c.path)
			}
		})
	}
}

// TestUnchangedMistakesAreForgiven: a definition that became stricter must not
// lock a user out of the rest of the object.
func TestUnchangedMistakesAreForgiven(t *testing.T) {
	validator := newValidator(t)
	old := patched(t, campaignBase, `spec: {offerPageURL: "ftp://a.example/"}`)
	if errs := validator.Validate(t.Context(), old, nil); len(errs) != 1 {
		t.Fatalf("new: got %v, want one error", errs)
	}
	renamed := patched(t, campaignBase, `spec: {offerPageURL: "ftp://a.example/", displayName: Spring}`)
	if errs := validator.Validate(t.Context(), renamed, old); len(errs) != 0 {
		t.Errorf("update of another field: got %v", errs)
	}
}

func BenchmarkValidateCampaign(b *testing.B) {
	validator := newValidator(b)
	campaign := samples(b)["campaign-spring-sale.yaml"][0]
	validator.Validate(b.Context(), campaign, nil)
	for b.Loop() {
		validator.Validate(b.Context(), campaign, nil)
	}
}

func BenchmarkNewValidatorAndFirstCampaign(b *testing.B) {
	campaign := samples(b)["campaign-spring-sale.yaml"][0]
	for b.Loop() {
		newValidator(b).Validate(b.Context(), campaign, nil)
	}
}
