package crd

import (
	"slices"
	"strings"
)

const trafficSourceBase = `
apiVersion: clicktally.dev/v1alpha1
kind: TrafficSource
metadata: {name: propeller, namespace: ads-emea}
spec: {type: AdNetwork}
`

var trafficSourceCases = kindCases{kind: "TrafficSource", base: trafficSourceBase, cases: slices.Concat(
	trafficSourceRules,
	cidrCases(
		setting{"spec.postback.auth.allowedCIDRs[0]", `spec: {postback: {auth: {secretRef: {name: s}, allowedCIDRs: [%s]}}}`},
	),
	urlCases(
		setting{"spec.notify[0].url", `spec: {notify: [{statuses: [Approved], url: %s}]}`},
	),
)}

var trafficSourceRules = []ruleCase{
	{
		rule:     "the name fits into a link",
		accepted: `metadata: {name: ` + strings.Repeat("n", 64) + `}`,
		rejected: `metadata: {name: ` + strings.Repeat("n", 65) + `}`,
		path:     "metadata",
		message:  "the name is the ts_id in links: at most 64 characters",
	},
	{
		rule:     "cost has a currency",
		accepted: `spec: {parameters: [{from: price, macro: "{cost}", to: cost, currency: USD}]}`,
		rejected: `spec: {parameters: [{from: price, macro: "{cost}", to: cost}]}`,
		path:     "spec.parameters[0]",
		message:  "a mapping to cost must state its currency, and no other may",
	},
	{
		rule:     "only cost has a currency",
		accepted: `spec: {parameters: [{from: visitor, macro: "${SUBID}", to: click_id}]}`,
		rejected: `spec: {parameters: [{from: visitor, to: click_id, currency: USD}]}`,
		path:     "spec.parameters[0]",
		message:  "a mapping to cost must state its currency, and no other may",
	},
	{
		rule:     "a parameter of ours is filled once",
		accepted: `spec: {parameters: [{from: a, to: sub1}, {from: a, to: sub20}]}`,
		rejected: `spec: {parameters: [{from: a, to: sub1}, {from: b, to: sub1}]}`,
		path:     "spec.parameters[1]",
		message:  "Duplicate value",
	},
	{
		rule:     "a word is translated once",
		accepted: `spec: {postback: {statuses: [{from: sale, to: Approved}, {from: refund, to: Rejected}]}}`,
		rejected: `spec: {postback: {statuses: [{from: sale, to: Approved}, {from: sale, to: Rejected}]}}`,
		path:     "spec.postback.statuses",
		message:  "translates a word twice",
	},
}
