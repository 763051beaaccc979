package crd

import "slices"

const trackerBase = `
apiVersion: clicktally.dev/v1alpha1
kind: Tracker
metadata: {name: eu, namespace: clicktally}
spec:
  pipelineRef: {name: main}
  domains: [t.example.com]
  fallbackURL: https://www.example.com/
  replicas: 6
`

var trackerCases = kindCases{kind: "Tracker", base: trackerBase, cases: slices.Concat(
	trackerIdentity, trackerAccess, trackerBehaviour,
	urlCases(
		setting{"spec.fallbackURL", `spec: {fallbackURL: %s}`},
		setting{"spec.data.geoIP.download.url", `spec: {data: {geoIP: {download: {url: %s}}}}`},
		setting{"spec.data.lists.download.url", `spec: {data: {lists: {download: {url: %s}}}}`},
		setting{"spec.data.model.download.url", `spec: {data: {model: {download: {url: %s}}}}`},
	),
	rateCases(
		setting{"spec.limits.perIP", `spec: {limits: {perIP: %s}}`},
		setting{"spec.limits.perCampaign", `spec: {limits: {perCampaign: %s}}`},
	),
	dataFileCases("geoIP"), dataFileCases("lists"), dataFileCases("model"),
)}

var trackerIdentity = []ruleCase{
	{
		rule:     "the journal's volume stays",
		before:   `spec: {journal: {volume: Claim}}`,
		accepted: `spec: {journal: {volume: Claim, whenFull: Reject}}`,
		rejected: `spec: {journal: {volume: EmptyDir}}`,
		path:     "spec.journal.volume",
		message:  "the journal's volume is immutable: make a second tracker and move the domains",
	},
	{
		rule:     "the journal's size stays",
		before:   `spec: {journal: {size: 4Gi}}`,
		accepted: `spec: {journal: {size: 4Gi}}`,
		rejected: `spec: {journal: {size: 8Gi}}`,
		path:     "spec.journal.size",
		message:  "the journal's size is immutable: make a second tracker and move the domains",
	},
	{
		rule:     "the journal's size is not removed with the journal",
		before:   `spec: {journal: {size: 4Gi}}`,
		accepted: `spec: {journal: {size: 4Gi}}`,
		rejected: `spec: {journal: null}`,
		path:     "spec.journal.size",
		message:  "the journal's size is immutable",
	},
	{
		rule:     "the journal's class stays",
		before:   `spec: {journal: null}`,
		accepted: `spec: {journal: {whenFull: Reject}}`,
		rejected: `spec: {journal: {storageClassName: fast}}`,
		path:     "spec.journal.storageClassName",
		message:  "the journal's storage class is immutable: make a second tracker and move the domains",
	},
}

var trackerAccess = []ruleCase{
	{
		rule:     "the number of pods is given in one way",
		accepted: `spec: {replicas: null, autoscaling: {maxReplicas: 4}}`,
		rejected: `spec: {autoscaling: {maxReplicas: 4}}`,
		path:     "spec",
		message:  "must set exactly one of replicas and autoscaling",
	},
	{
		rule:     "the number of pods is given",
		accepted: `spec: {replicas: 1}`,
		rejected: `spec: {replicas: null}`,
		path:     "spec",
		message:  "must set exactly one of replicas and autoscaling",
	},
	{
		rule:     "autoscaling has room",
		accepted: `spec: {replicas: null, autoscaling: {minReplicas: 4, maxReplicas: 4}}`,
		rejected: `spec: {replicas: null, autoscaling: {maxReplicas: 1}}`,
		path:     "spec.autoscaling",
		message:  "minReplicas (default 2) must be at most maxReplicas",
	},
	{
		rule:     "behind a route visitors are seen",
		accepted: `spec: {route: {type: Ingress}, clientAddress: {header: XForwardedFor, trustedHops: 1}}`,
		rejected: `spec: {route: {type: Ingress}}`,
		path:     "spec.clientAddress",
		message:  "a route puts a proxy in front: say how to see the visitor behind it",
	},
	{
		rule:     "a domain is named once",
		accepted: `spec: {domains: [t.example.com, go.example.net]}`,
		rejected: `spec: {domains: [t.example.com, go.example.net, t.example.com]}`,
		path:     "spec.domains",
		message:  "names a domain twice",
	},
	{
		rule:     "a domain is a host without port",
		accepted: `spec: {domains: [127.0.0.1, localhost]}`,
		rejected: `spec: {domains: ["t.example.com:8080"]}`,
		path:     "spec.domains[0]",
		message:  "should match",
	},
	{
		rule:     "an HTTPRoute has gateways",
		accepted: `spec: {route: {type: HTTPRoute, parentRefs: [{name: public}]}, clientAddress: {header: CFConnectingIP}}`,
		rejected: `spec: {route: {type: HTTPRoute}, clientAddress: {header: CFConnectingIP}}`,
		path:     "spec.route.parentRefs",
		message:  "an HTTPRoute must name its gateways in parentRefs, and no other route may",
	},
	{
		rule:     "an Ingress has a class",
		accepted: `spec: {route: {type: Ingress, ingressClassName: public}, clientAddress: {header: ProxyProtocol}}`,
		rejected: `spec: {route: {type: None, ingressClassName: public}}`,
		path:     "spec.route.ingressClassName",
		message:  "only an Ingress has a class",
	},
	{
		rule:     "lists of addresses are counted",
		accepted: `spec: {clientAddress: {header: Forwarded, trustedHops: 2}}`,
		rejected: `spec: {clientAddress: {header: Forwarded}}`,
		path:     "spec.clientAddress.trustedHops",
		message:  "XForwardedFor and Forwarded are lists and need trustedHops; ProxyProtocol and CFConnectingIP hold one address and must not have it",
	},
	{
		rule:     "namespaces are listed by name",
		accepted: `spec: {allowedCampaigns: {namespaces: {from: Names, names: [ads-emea]}}}`,
		rejected: `spec: {allowedCampaigns: {namespaces: {from: All, names: [ads-emea]}}}`,
		path:     "spec.allowedCampaigns.namespaces.names",
		message:  "from Names must list names, and no other from may",
	},
	{
		rule:     "namespaces are selected by label",
		accepted: `spec: {allowedCampaigns: {namespaces: {from: Selector, selector: {matchLabels: {clicktally.dev/team: ads}}}}}`,
		rejected: `spec: {allowedCampaigns: {namespaces: {from: Selector}}}`,
		path:     "spec.allowedCampaigns.namespaces.selector",
		message:  "from Selector must have a selector, and no other from may",
	},
	{
		rule:     "an allowed host is a name or everything below one",
		accepted: `spec: {destinations: {allowedHosts: ["*.example.org", www.example.com]}}`,
		rejected: `spec: {destinations: {allowedHosts: ["*"]}}`,
		path:     "spec.destinations.allowedHosts[0]",
		message:  "should match",
	},
}

var trackerBehaviour = []ruleCase{
	{
		rule:     "the budget is short",
		accepted: `spec: {ack: {budget: 1ms}}`,
		rejected: `spec: {ack: {budget: 5001ms}}`,
		path:     "spec.ack.budget",
		message:  "must be between 1ms and 5s",
	},
	{
		rule:     "only Race has a budget",
		accepted: `spec: {ack: {policy: Race, budget: 25ms}}`,
		rejected: `spec: {ack: {policy: Kafka, budget: 25ms}}`,
		path:     "spec.ack.budget",
		message:  "only the policy Race has a budget",
	},
	{
		rule:     "only a claim has a class",
		accepted: `spec: {journal: {storageClassName: fast}}`,
		rejected: `spec: {journal: {volume: EmptyDir, storageClassName: fast}}`,
		path:     "spec.journal.storageClassName",
		message:  "only a Claim has a storage class",
	},
	{
		rule:     "signatures need keys",
		accepted: `spec: {signing: {mode: None}}`,
		rejected: `spec: {signing: {mode: Enforce}}`,
		path:     "spec.signing.keysRef",
		message:  "ReportOnly and Enforce need keysRef",
	},
	{
		rule:     "shadows are at most four",
		accepted: `spec: {fraud: {shadowPolicyRefs: [{name: a}, {name: b}, {name: c}, {name: d}]}}`,
		rejected: `spec: {fraud: {shadowPolicyRefs: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}]}}`,
		path:     "spec.fraud.shadowPolicyRefs",
		message:  "must have at most 4 items",
	},
}

func dataFileCases(file string) []ruleCase {
	return []ruleCase{
		{
			rule:     file + " comes one way",
			accepted: `spec: {data: {` + file + `: {image: "registry.example/geo:2026-11"}}}`,
			rejected: `spec: {data: {` + file + `: {image: "registry.example/geo:2026-11", claim: geo}}}`,
			path:     "spec.data." + file,
			message:  "must set exactly one of image, claim and download",
		},
		{
			rule:     file + " comes from somewhere",
			accepted: `spec: {data: {` + file + `: {claim: ip-lists}}}`,
			rejected: `spec: {data: {` + file + `: {}}}`,
			path:     "spec.data." + file,
			message:  "must set exactly one of image, claim and download",
		},
		{
			rule:     file + " is fetched neither always nor never",
			accepted: `spec: {data: {` + file + `: {download: {url: "https://data.example/f", interval: 1m}}}}`,
			rejected: `spec: {data: {` + file + `: {download: {url: "https://data.example/f", interval: 721h}}}}`,
			path:     "spec.data." + file + ".download.interval",
			message:  "must be between 1m and 720h",
		},
	}
}
