package crd

const billingScheduleBase = `
apiVersion: clicktally.dev/v1alpha1
kind: BillingSchedule
metadata: {name: monthly, namespace: clicktally}
spec: {pipelineRef: {name: main}, period: Month}
`

var billingScheduleCases = kindCases{kind: "BillingSchedule", base: billingScheduleBase, cases: []ruleCase{
	{
		rule:     "31 days and the grace end a week before raw does",
		accepted: `spec: {grace: 1248h}`,
		rejected: `spec: {grace: 1248h1ms}`,
		path:     "spec.grace",
		message:  "period and grace together must be at most 1992h (83 days), so that raw events outlive the seal",
	},
	{
		rule:     "a day leaves room for more grace",
		accepted: `spec: {period: Day, grace: 1968h}`,
		rejected: `spec: {period: Week, grace: 1968h}`,
		path:     "spec.grace",
		message:  "period and grace together must be at most 1992h",
	},
	{
		rule:     "a grace has no days",
		accepted: `spec: {grace: 48h}`,
		rejected: `spec: {grace: 2d}`,
		path:     "spec.grace",
		message:  "should match",
	},
	{
		rule:     "something is billable",
		accepted: `spec: {billable: [Valid]}`,
		rejected: `spec: {billable: []}`,
		path:     "spec.billable",
		message:  "at least 1 items",
	},
}}
