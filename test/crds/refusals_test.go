package crds_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	campaign = `
apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: spring}
spec:
  id: spring-26
  trackerRefs: [{name: eu}]
  advertiser: adv-789
  offerPageURL: https://shop.example.org/
  safePageURL: https://shop.example.org/
  price: {model: CPC, amount: "0.50", currency: USD}
`
	pipeline = `
apiVersion: clicktally.dev/v1alpha1
kind: AggregationPipeline
metadata: {name: main}
spec:
  kafka: {bootstrapServers: ["kafka:9092"], topicPrefix: ct}
  redis: {addresses: ["redis:6379"]}
  clickHouse: {addresses: ["clickhouse:9000"], database: clicks}
  dimensions: [Campaign, Advertiser, Country]
`
	tracker = `
apiVersion: clicktally.dev/v1alpha1
kind: Tracker
metadata: {name: eu}
spec:
  pipelineRef: {name: main}
  domains: [go.example.org]
  fallbackURL: https://www.example.org/
  replicas: 2
  journal: {volume: Claim, size: 4Gi, storageClassName: fast}
`
)

// immutable are the fields that design 4 fixes for the life of an object, and what the user is told.
var immutable = map[string]struct {
	manifest string
	path     []string
	edited   any
	message  string // after the path
}{
	"the id of a campaign":              {campaign, []string{"spec", "id"}, "summer", "spec.id: Invalid value: the campaign id is immutable, links out there hold it: make a new campaign"},
	"the currency of a campaign":        {campaign, []string{"spec", "price", "currency"}, "EUR", "spec.price.currency: Invalid value: the currency of a campaign is immutable: make a new campaign"},
	"the topic prefix of a pipeline":    {pipeline, []string{"spec", "kafka", "topicPrefix"}, "other", "spec.kafka.topicPrefix: Invalid value: the topic prefix is immutable: make a second pipeline and move the trackers"},
	"the database of a pipeline":        {pipeline, []string{"spec", "clickHouse", "database"}, "other", "spec.clickHouse.database: Invalid value: the database is immutable: make a second pipeline and move the trackers"},
	"the dimensions of a pipeline":      {pipeline, []string{"spec", "dimensions"}, []any{"Campaign", "Advertiser"}, "spec.dimensions: Invalid value: the dimensions are immutable: make a second pipeline and move the trackers"},
	"the volume of a tracker's journal": {strings.Replace(tracker, ", storageClassName: fast", "", 1), []string{"spec", "journal", "volume"}, "EmptyDir", "spec.journal.volume: Invalid value: the journal's volume is immutable: make a second tracker and move the domains"},
	"the size of a tracker's journal":   {tracker, []string{"spec", "journal", "size"}, "8Gi", "spec.journal.size: Invalid value: the journal's size is immutable: make a second tracker and move the domains"},
	"the class of a tracker's journal":  {tracker, []string{"spec", "journal", "storageClassName"}, "slow", "spec.journal.storageClassName: Invalid value: the journal's storage class is immutable: make a second tracker and move the domains"},
}

// TestWhatIsImmutableStays edits a field in every way that a user has: the manifest again, kubectl edit, and the line
// deleted from the manifest, which an API server fills with the default where there is one.
func TestWhatIsImmutableStays(t *testing.T) {
	for sentence, k := range immutable {
		t.Run(sentence, func(t *testing.T) {
			c, manifest := newCluster(t), parse(t, k.manifest)
			c.mustApply(owner, manifest)
			before := c.live(manifest)
			want := manifest.GetKind() + `.clicktally.dev "` + manifest.GetName() + `" is invalid: ` + k.message

			edited := manifest.DeepCopy()
			set(t, edited, k.edited, k.path...)
			wantRefusal(t, "manifest applied again", c.apply(owner, edited), want)

			opened := before.DeepCopy()
			set(t, opened, k.edited, k.path...)
			wantRefusal(t, "kubectl edit", c.Update(t.Context(), opened), want)

			if k.path[len(k.path)-1] != "currency" { // required with the price
				shortened := manifest.DeepCopy()
				unstructured.RemoveNestedField(shortened.Object, k.path...)
				wantRefusal(t, "line deleted", c.apply(owner, shortened), want)
			}
			if diff := cmp.Diff(before, c.live(manifest)); diff != "" {
				t.Errorf("a refused edit left something behind (-before +after):\n%s", diff)
			}
		})
	}
}

// TestARefusedObjectMayBeMadeAnew: what is immutable is so for one object's life.
func TestARefusedObjectMayBeMadeAnew(t *testing.T) {
	c, manifest := newCluster(t), parse(t, campaign)
	c.mustApply(owner, manifest)
	if err := c.Delete(t.Context(), c.live(manifest)); err != nil {
		t.Fatal(err)
	}
	set(t, manifest, "summer", "spec", "id")
	c.mustApply(owner, manifest)
}

// TestBrokenObjectsAreRefusedInWords: one mistake per kind, with all that the user reads.
func TestBrokenObjectsAreRefusedInWords(t *testing.T) {
	for kind, k := range map[string]struct{ patch, message string }{
		"AggregationPipeline": {`{"spec": {"retention": {"rawDays": 731}}}`, `spec.retention: Invalid value: aggregateDays (default 730) must be at least rawDays (default 90): totals outlive what they are made from`},
		"BillingSchedule":     {`{"spec": {"grace": "1300h"}}`, `spec.grace: Invalid value: period and grace together must be at most 1992h (83 days), so that raw events outlive the seal`},
		"Campaign":            {`{"spec": {"safePageURL": "ftp://shop.example.org/"}}`, `spec.safePageURL: Invalid value: "ftp://shop.example.org/": must be an http or https URL with a host, and without user, password or macro in front of the path`},
		"FraudPolicy":         {`{"spec": {"bands": {"suspiciousFrom": 80, "fraudulentFrom": 70}}}`, `spec.bands: Invalid value: suspiciousFrom must be below fraudulentFrom`},
		"Tracker":             {`{"spec": {"replicas": null}}`, `spec: Invalid value: must set exactly one of replicas and autoscaling`},
		"TrafficSource":       {`{"spec": {"parameters": [{"from": "price", "macro": "{cost}", "to": "cost"}]}}`, `spec.parameters[0]: Invalid value: a mapping to cost must state its currency, and no other may`},
	} {
		t.Run(kind, func(t *testing.T) {
			c, object := newCluster(t), sample(t, kind)
			c.mustApply(owner, object)
			err := c.Patch(t.Context(), c.live(object), client.RawPatch(types.MergePatchType, []byte(k.patch)))
			wantRefusal(t, "edit", err, kind+`.clicktally.dev "`+object.GetName()+`" is invalid: `+k.message)
		})
	}
}

// TestAMisspeltFieldIsNamed: without a word it would be dropped, and the user would wait for its effect.
func TestAMisspeltFieldIsNamed(t *testing.T) {
	c, manifest := newCluster(t), parse(t, campaign)
	set(t, manifest, "https://shop.example.org/", "spec", "overflowUrl")
	wantRefusal(t, "kubectl apply --server-side", c.apply(owner, manifest),
		`failed to create typed patch object (`+c.namespace+`/spring; clicktally.dev/v1alpha1, Kind=Campaign): .spec.overflowUrl: field not declared in schema`)
	manifest.SetNamespace(c.namespace)
	wantRefusal(t, "kubectl create", c.Create(t.Context(), manifest),
		`Campaign in version "v1alpha1" cannot be handled as a Campaign: strict decoding error: unknown field "spec.overflowUrl"`)
}

func wantRefusal(t *testing.T, how string, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: accepted, want: %s", how, want)
	} else if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", how, diff)
	}
}
