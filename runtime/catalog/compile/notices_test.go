package compile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// platform is what every case begins with: a pipeline, a tracker and a policy that cause no notice.
const platform = `
pipelines:
- metadata: {name: main, namespace: ct}
  spec:
    kafka: {bootstrapServers: ["kafka:9092"]}
    redis: {addresses: ["redis:6379"]}
    clickHouse: {addresses: ["clickhouse:9000"]}
trackers:
- metadata: {name: eu, namespace: ct}
  spec: {pipelineRef: {name: main}, domains: [t.example.com], fallbackURL: https://www.example.com/}
policies:
- metadata: {name: default, namespace: ct}
sources:
- metadata: {name: propeller, namespace: ct}
  spec: {type: AdNetwork}
campaigns:
- metadata: {name: spring, namespace: ct}
  spec: {trackerRefs: [{name: eu}], advertiser: adv-1}
`

// A field that does nothing says so, and one that works does not.
func TestFieldsWithoutEffectSaySo(t *testing.T) {
	pipeline := func(o *goldenObjects) any { return &o.Pipelines[0].Spec }
	tracker := func(o *goldenObjects) any { return &o.Trackers[0].Spec }
	source := func(o *goldenObjects) any { return &o.Sources[0].Spec }
	policy := func(o *goldenObjects) any { return &o.Policies[0].Spec }
	campaign := func(o *goldenObjects) any { return &o.Campaigns[0].Spec }
	schedule := func(o *goldenObjects) any {
		o.Schedules = []*v1alpha1.BillingSchedule{{ObjectMeta: metav1.ObjectMeta{Name: "monthly", Namespace: "ct"}}}
		return &o.Schedules[0].Spec
	}
	cases := map[string]struct {
		of         func(*goldenObjects) any
		spec       string
		standalone bool
		want       []string // fields with a notice
	}{
		"nothing":                  {of: pipeline, spec: `{}`},
		"nothing in standalone":    {of: pipeline, spec: `{}`, standalone: true},
		"topics and partitions":    {of: pipeline, spec: `{kafka: {topicPrefix: ct, partitions: 8}}`, standalone: true},
		"a database":               {of: pipeline, spec: `{clickHouse: {database: ct}}`, standalone: true},
		"the login of a store":     {of: pipeline, spec: `{kafka: {auth: {mechanism: PLAIN, secretRef: {name: k}}}, redis: {tls: {}}}`},
		"Kafka in standalone":      {of: pipeline, spec: `{kafka: {replicationFactor: 3, auth: {mechanism: PLAIN, secretRef: {name: k}}, trackerAuth: {mechanism: PLAIN, secretRef: {name: k}}, tls: {}}}`, standalone: true, want: []string{"spec.kafka.auth", "spec.kafka.replicationFactor", "spec.kafka.tls", "spec.kafka.trackerAuth"}},
		"Redis in standalone":      {of: pipeline, spec: `{redis: {mode: Cluster, auth: {secretRef: {name: r}}, tls: {}}}`, standalone: true, want: []string{"spec.redis.auth", "spec.redis.mode", "spec.redis.tls"}},
		"ClickHouse in standalone": {of: pipeline, spec: `{clickHouse: {protocol: HTTP, cluster: c, auth: {secretRef: {name: r}}, tls: {}}}`, standalone: true, want: []string{"spec.clickHouse.auth", "spec.clickHouse.cluster", "spec.clickHouse.protocol", "spec.clickHouse.tls"}},
		"all dimensions":           {of: pipeline, spec: `{dimensions: [DeviceType, Campaign, Ad, Advertiser, Publisher, TrafficSource, Country, Region]}`},
		"some dimensions":          {of: pipeline, spec: `{dimensions: [Campaign, Advertiser]}`, want: []string{"spec.dimensions"}},
		"times and retention":      {of: pipeline, spec: `{accept: {maxAge: 48h}, windows: {sessionGap: 1h}, retention: {rawDays: 30}, idOwners: [{id: a, namespace: b}]}`},
		"an archive and inputs":    {of: pipeline, spec: `{archive: {s3: {bucket: b}}, inputs: [{topic: t, format: JSON}]}`, want: []string{"spec.inputs"}},
		"an archive in standalone": {of: pipeline, spec: `{archive: {s3: {bucket: b, secretRef: {name: s}}}}`, standalone: true, want: []string{"spec.archive.s3.secretRef"}},

		"X-Forwarded-For":         {of: tracker, spec: `{clientAddress: {header: XForwardedFor, trustedHops: 1}}`},
		"Forwarded":               {of: tracker, spec: `{clientAddress: {header: Forwarded, trustedHops: 2}}`},
		"CF-Connecting-IP":        {of: tracker, spec: `{clientAddress: {header: CFConnectingIP}}`},
		"the PROXY protocol":      {of: tracker, spec: `{clientAddress: {header: ProxyProtocol}}`, want: []string{"spec.clientAddress.header"}},
		"who scores":              {of: tracker, spec: `{fraud: {policyRef: {name: default}}}`},
		"shadow policies":         {of: tracker, spec: `{fraud: {shadowPolicyRefs: [{name: default}]}}`, want: []string{"spec.fraud.shadowPolicyRefs"}},
		"grants":                  {of: tracker, spec: `{allowedCampaigns: {namespaces: {from: All}}, destinations: {allowedHosts: [a.example]}}`},
		"what is kept of address": {of: tracker, spec: `{privacy: {address: Drop}}`},
		"a hash key in a cluster": {of: tracker, spec: `{privacy: {hashKeyRef: {name: k}}, journal: {volume: Claim, size: 4Gi, storageClassName: fast}}`},
		"a hash key":              {of: tracker, spec: `{privacy: {hashKeyRef: {name: k}}}`, standalone: true, want: []string{"spec.privacy.hashKeyRef"}},
		"what works by itself":    {of: tracker, spec: `{ack: {policy: Kafka}, signing: {mode: None}}`},
		"ack and a full journal":  {of: tracker, spec: `{ack: {budget: 10ms}, journal: {whenFull: Reject}}`},
		"a journal's volume":      {of: tracker, spec: `{journal: {volume: Claim, size: 4Gi, storageClassName: fast}}`, standalone: true, want: []string{"spec.journal.size", "spec.journal.storageClassName", "spec.journal.volume"}},
		"limits":                  {of: tracker, spec: `{limits: {action: Reject}}`, want: []string{"spec.limits"}},
		"data files and signing":  {of: tracker, spec: `{data: {lists: {claim: c}}, signing: {mode: Enforce, keysRef: {name: k}}}`, want: []string{"spec.data", "spec.signing"}},
		"pods in standalone": {
			of: tracker, spec: `{replicas: 2, version: "1", suspend: Reconciliation, route: {type: Ingress}, pod: {labels: {a: b}}}`, standalone: true,
			want: []string{"spec.pod", "spec.replicas", "spec.route", "spec.suspend", "spec.version"},
		},

		"parameters":     {of: source, spec: `{parameters: [{from: zone, to: pub_id}, {from: v, macro: SUBID, to: sub1}]}`},
		"a source's key": {of: source, spec: `{postback: {auth: {secretRef: {name: k}, allowedCIDRs: [192.0.2.0/24]}}}`},
		"calls":          {of: source, spec: `{postback: {statuses: [{from: sale, to: Approved}]}, notify: [{statuses: [Approved], url: "https://a.example/"}]}`, want: []string{"spec.notify", "spec.postback.statuses"}},

		"a schedule":               {of: schedule, spec: `{pipelineRef: {name: main}, period: Day, timeZone: Europe/Berlin, grace: 1h, billable: [Valid]}`},
		"a schedule in standalone": {of: schedule, spec: `{pipelineRef: {name: main}, period: Day}`, standalone: true, want: []string{"spec.period"}},

		"what is observed":     {of: policy, spec: `{bands: {suspiciousFrom: 10, fraudulentFrom: 20}, rules: [{reason: ClickTooFast, points: 1}], deny: [{cidr: 192.0.2.0/24}], actions: {suspicious: SafePage}}`},
		"what is not observed": {of: policy, spec: `{rules: [{reason: ClickTooFast, points: 1}, {reason: IPTor, points: 1}]}`, want: []string{"spec.rules[1]"}},
		"expressions, a model": {of: policy, spec: `{custom: [{name: a}], model: {points: 1}}`, want: []string{"spec.custom", "spec.model"}},

		"a campaign that works": {of: campaign, spec: `{state: Test, offerPageURL: https://www.example.com/, price: {model: CPC, amount: "1", currency: EUR}, ads: [{id: a, publisher: p}],
			schedule: {from: "2026-01-01T00:00:00Z"}, targeting: {referrerHosts: [a.example]}, fraudPolicyRef: {name: default}, offers: [{id: o, url: "https://www.example.com/o"}],
			routing: [{name: r, when: {deviceTypes: [Mobile]}, split: [{offer: o, weight: 10000}]}]}`},
		"limits and a budget": {of: campaign, spec: `{limits: {perIP: {count: 1, window: 1m}}, budget: {daily: {amount: "1", currency: EUR}}}`, want: []string{"spec.budget", "spec.limits"}},
		"countries": {
			of: campaign, spec: `{targeting: {countries: [DE]}, offers: [{id: o, url: "https://www.example.com/o"}], routing: [{name: r, when: {countries: [DE]}, split: [{offer: o, weight: 10000}]}]}`,
			want: []string{"spec.routing[0].when.countries", "spec.targeting.countries"},
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			in := &goldenObjects{Standalone: c.standalone}
			if err := yaml.UnmarshalStrict([]byte(platform), in); err != nil {
				t.Fatal(err)
			}
			if err := yaml.UnmarshalStrict([]byte(c.spec), c.of(in)); err != nil {
				t.Fatal(err)
			}
			var fields []string
			for _, p := range Compile(in.objects(nil)).Problems {
				if p.Severity != Notice || p.Reason != v1alpha1.ReasonUnsupported {
					t.Errorf("%s: %s", p.Field, p.Message)
				}
				fields = append(fields, p.Field)
			}
			if diff := cmp.Diff(c.want, fields); diff != "" {
				t.Errorf("fields with a notice (-want +got):\n%s", diff)
			}
		})
	}
}
