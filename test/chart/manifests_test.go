package chart_test

import "strings"

// What people apply in the life of an installation.
const (
	platform = `
apiVersion: clicktally.dev/v1alpha1
kind: AggregationPipeline
metadata: {name: main, namespace: PLATFORM}
spec:
  kafka: {bootstrapServers: ["KAFKA"], topicPrefix: ct, partitions: 2, replicationFactor: 1}
  redis: {addresses: ["redis:6379"]}
  clickHouse: {addresses: ["clickhouse:9000"]}
  aggregator: {replicas: 2}
  query: {replicas: 2}
---
apiVersion: clicktally.dev/v1alpha1
kind: FraudPolicy
metadata: {name: default, namespace: PLATFORM}
spec:
  rules: [{reason: IPVelocity, threshold: {count: 10, window: 1h}}]
---
apiVersion: clicktally.dev/v1alpha1
kind: BillingSchedule
metadata: {name: monthly, namespace: PLATFORM}
spec: {pipelineRef: {name: main}, period: Month, timeZone: UTC}
---
` + fleet
	fleet = `
apiVersion: clicktally.dev/v1alpha1
kind: Tracker
metadata: {name: eu, namespace: PLATFORM}
spec:
  pipelineRef: {name: main}
  domains: [t.example.com]
  fallbackURL: https://www.example.com/
  clientAddress: {header: XForwardedFor, trustedHops: 1}
  replicas: 2
  route: {type: Ingress}
  allowedCampaigns: {namespaces: {from: Names, names: [ADS]}}
  destinations: {allowedHosts: ["*.example.org"]}
  fraud: {policyRef: {name: default}}
`
	campaigns = `
---
apiVersion: clicktally.dev/v1alpha1
kind: TrafficSource
metadata: {name: propeller, namespace: ADS}
spec: {type: AdNetwork, postback: {auth: {secretRef: {name: propeller}}}}
---
apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: spring, namespace: ADS}
spec:
  trackerRefs: [{name: eu, namespace: PLATFORM}]
  advertiser: adv-789
  offerPageURL: https://shop.example.org/
`
	unsealed = `
apiVersion: clicktally.dev/v1alpha1
kind: BillingSchedule
metadata: {name: monthly, namespace: PLATFORM}
spec: {pipelineRef: {name: gone}, period: Month, timeZone: UTC}
`
	journal = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: journal-eu-0
  namespace: PLATFORM
  labels: {app.kubernetes.io/name: clicktally, app.kubernetes.io/component: tracker, app.kubernetes.io/instance: eu}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`
	// httpRoutes is as much of the Gateway API as the operator speaks.
	httpRoutes = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: httproutes.gateway.networking.k8s.io
  annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes-sigs/gateway-api/pull/1086"}
spec:
  group: gateway.networking.k8s.io
  scope: Namespaced
  names: {kind: HTTPRoute, plural: httproutes, singular: httproute}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`
)

var (
	mistake    = strings.Replace(campaigns, "shop.example.org", "shop.elsewhere.net", 1)
	autoscaled = strings.NewReplacer("replicas: 2", "autoscaling: {minReplicas: 2, maxReplicas: 4}", "{type: Ingress}", "{type: HTTPRoute, parentRefs: [{name: public}]}").Replace(fleet)
	alone      = strings.NewReplacer("replicas: 2", "replicas: 1", "  route: {type: Ingress}\n", "").Replace(fleet)
)
