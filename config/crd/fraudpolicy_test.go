package crd

import "slices"

const fraudPolicyBase = `
apiVersion: clicktally.dev/v1alpha1
kind: FraudPolicy
metadata: {name: default, namespace: clicktally}
spec: {}
`

var fraudPolicyCases = kindCases{kind: "FraudPolicy", base: fraudPolicyBase, cases: slices.Concat(
	fraudPolicyRules,
	cidrCases(
		setting{"spec.deny[0].cidr", `spec: {deny: [{cidr: %s}]}`},
		setting{"spec.allow[0].cidr", `spec: {allow: [{cidr: %s, expires: "2027-01-01T00:00:00Z"}]}`},
	),
	rateCases(
		setting{"spec.rules[0].threshold", `spec: {rules: [{reason: IPVelocity, threshold: %s}]}`},
	),
)}

var fraudPolicyRules = []ruleCase{
	{
		rule:     "bands are in order",
		accepted: `spec: {bands: {suspiciousFrom: 31, fraudulentFrom: 71}}`,
		rejected: `spec: {bands: {suspiciousFrom: 71, fraudulentFrom: 71}}`,
		path:     "spec.bands",
		message:  "suspiciousFrom must be below fraudulentFrom",
	},
	{
		rule:     "fixed reasons have no rule",
		accepted: `spec: {rules: [{reason: IPTor, points: 60}]}`,
		rejected: `spec: {rules: [{reason: UserAgentBot, points: 60}]}`,
		path:     "spec.rules[0].reason",
		message:  "has no rule: IPDenied, UserAgentBot and UserAgentPreview are always 100, RateLimited always 0; use model for ModelHigh and custom for Custom",
	},
	{
		rule:     "velocity reasons have a threshold",
		accepted: `spec: {rules: [{reason: DeviceVelocity, points: 40, threshold: {count: 5, window: 1h}}]}`,
		rejected: `spec: {rules: [{reason: NoPointer, points: 40, threshold: {count: 5, window: 1h}}]}`,
		path:     "spec.rules[0].threshold",
		message:  "only IPVelocity and DeviceVelocity have a threshold",
	},
	{
		rule:     "ClickTooFast has a minimum",
		accepted: `spec: {rules: [{reason: ClickTooFast, points: 35, minimum: 500ms}]}`,
		rejected: `spec: {rules: [{reason: IPVelocity, points: 35, minimum: 500ms}]}`,
		path:     "spec.rules[0].minimum",
		message:  "only ClickTooFast has a minimum",
	},
	{
		rule:     "the minimum is at most an hour",
		accepted: `spec: {rules: [{reason: ClickTooFast, minimum: 60m}]}`,
		rejected: `spec: {rules: [{reason: ClickTooFast, minimum: 60m1ms}]}`,
		path:     "spec.rules[0].minimum",
		message:  "must be at most 1h",
	},
	{
		rule:     "a rule changes something",
		accepted: `spec: {rules: [{reason: NoPointer, points: 0}]}`,
		rejected: `spec: {rules: [{reason: NoPointer}]}`,
		path:     "spec.rules[0]",
		message:  "changes nothing: set points, threshold or minimum",
	},
	{
		rule:     "one rule per reason",
		accepted: `spec: {rules: [{reason: NoPointer, points: 0}, {reason: IPTor, points: 0}]}`,
		rejected: `spec: {rules: [{reason: NoPointer, points: 0}, {reason: NoPointer, points: 1}]}`,
		path:     "spec.rules[1]",
		message:  "Duplicate value",
	},
	{
		rule:     "points end at 100",
		accepted: `spec: {rules: [{reason: NoPointer, points: 100}]}`,
		rejected: `spec: {rules: [{reason: NoPointer, points: 101}]}`,
		path:     "spec.rules[0].points",
		message:  "less than or equal to 100",
	},
	{
		rule:     "an allow entry expires",
		accepted: `spec: {allow: [{cidr: 203.0.113.7/32, expires: "2027-01-01T00:00:00Z"}]}`,
		rejected: `spec: {allow: [{cidr: 203.0.113.7/32}]}`,
		path:     "spec.allow[0].expires",
		message:  "Required value",
	},
}
