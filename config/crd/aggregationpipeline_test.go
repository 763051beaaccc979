package crd

import "slices"

const aggregationPipelineBase = `
apiVersion: clicktally.dev/v1alpha1
kind: AggregationPipeline
metadata: {name: main, namespace: clicktally}
spec:
  kafka: {bootstrapServers: ["kafka:9092"]}
  redis: {addresses: ["redis:6379"]}
  clickHouse: {addresses: ["clickhouse:9000"]}
`

var aggregationPipelineCases = kindCases{kind: "AggregationPipeline", base: aggregationPipelineBase, cases: slices.Concat(
	aggregationPipelineIdentity, aggregationPipelineRules,
	urlCases(
		setting{"spec.archive.s3.endpoint", `spec: {archive: {s3: {bucket: clicks, endpoint: %s}}}`},
	),
)}

var aggregationPipelineIdentity = []ruleCase{
	{
		rule:     "the topic prefix stays",
		before:   `spec: {kafka: {topicPrefix: ct}}`,
		accepted: `spec: {kafka: {topicPrefix: ct, partitions: 48}}`,
		rejected: `spec: {kafka: {topicPrefix: tally}}`,
		path:     "spec.kafka.topicPrefix",
		message:  "the topic prefix is immutable: make a second pipeline and move the trackers",
	},
	{
		rule:     "the topic prefix is not removed",
		before:   `spec: {kafka: {topicPrefix: ct}}`,
		accepted: `spec: {kafka: {topicPrefix: ct}}`,
		rejected: `spec: {kafka: {topicPrefix: null}}`,
		path:     "spec.kafka.topicPrefix",
		message:  "the topic prefix is immutable",
	},
	{
		rule:     "the default topic prefix may be written down",
		before:   `spec: {kafka: {topicPrefix: null}}`,
		accepted: `spec: {kafka: {topicPrefix: clicktally}}`,
		rejected: `spec: {kafka: {topicPrefix: ct}}`,
		path:     "spec.kafka.topicPrefix",
		message:  "the topic prefix is immutable",
	},
	{
		rule:     "the database stays",
		before:   `spec: {clickHouse: {database: ads}}`,
		accepted: `spec: {clickHouse: {database: ads, protocol: HTTP}}`,
		rejected: `spec: {clickHouse: {database: null}}`,
		path:     "spec.clickHouse.database",
		message:  "the database is immutable: make a second pipeline and move the trackers",
	},
	{
		rule:     "the dimensions stay, in any order",
		before:   `spec: {dimensions: [Campaign, Advertiser, Country]}`,
		accepted: `spec: {dimensions: [Country, Advertiser, Campaign]}`,
		rejected: `spec: {dimensions: [Campaign, Advertiser]}`,
		path:     "spec.dimensions",
		message:  "the dimensions are immutable: make a second pipeline and move the trackers",
	},
	{
		rule:     "the default dimensions are a choice too",
		before:   `spec: {dimensions: null}`,
		accepted: `spec: {dimensions: [Campaign, Ad, Advertiser, Publisher, TrafficSource, Country, Region, DeviceType]}`,
		rejected: `spec: {dimensions: [Campaign, Ad, Advertiser]}`,
		path:     "spec.dimensions",
		message:  "the dimensions are immutable",
	},
}

var aggregationPipelineRules = []ruleCase{
	{
		rule:     "bills have their dimensions",
		accepted: `spec: {dimensions: [Campaign, Advertiser]}`,
		rejected: `spec: {dimensions: [Campaign, Publisher]}`,
		path:     "spec.dimensions",
		message:  "must contain Campaign and Advertiser: bills are made from them",
	},
	{
		rule:     "sentinels need a master's name",
		accepted: `spec: {redis: {mode: Sentinel, masterName: main}}`,
		rejected: `spec: {redis: {mode: Sentinel}}`,
		path:     "spec.redis.masterName",
		message:  "mode Sentinel needs masterName, and no other mode may have it",
	},
	{
		rule:     "only sentinels have a master's name",
		accepted: `spec: {redis: {mode: Cluster}}`,
		rejected: `spec: {redis: {masterName: main}}`,
		path:     "spec.redis.masterName",
		message:  "mode Sentinel needs masterName",
	},
	{
		rule:     "a session ends within a day",
		accepted: `spec: {windows: {sessionGap: 1m}}`,
		rejected: `spec: {windows: {sessionGap: 59s}}`,
		path:     "spec.windows.sessionGap",
		message:  "must be between 1m and 24h",
	},
	{
		rule:     "a visitor's event is at most a day old",
		accepted: `spec: {accept: {visitorMaxAge: 24h}}`,
		rejected: `spec: {accept: {visitorMaxAge: 24h1s}}`,
		path:     "spec.accept.visitorMaxAge",
		message:  "must be at most 24h",
	},
	{
		rule:     "a server's event is at most 30 days old",
		accepted: `spec: {accept: {maxAge: 720h}}`,
		rejected: `spec: {accept: {maxAge: 721h}}`,
		path:     "spec.accept.maxAge",
		message:  "must be at most 720h (30 days)",
	},
	{
		rule:     "clocks are at most an hour wrong",
		accepted: `spec: {accept: {maxAhead: 1h}}`,
		rejected: `spec: {accept: {maxAhead: 61m}}`,
		path:     "spec.accept.maxAhead",
		message:  "must be at most 1h",
	},
	{
		rule:     "totals outlive raw events",
		accepted: `spec: {retention: {rawDays: 730}}`,
		rejected: `spec: {retention: {rawDays: 731}}`,
		path:     "spec.retention",
		message:  "aggregateDays (default 730) must be at least rawDays (default 90): totals outlive what they are made from",
	},
	{
		rule:     "the archive follows within a month",
		accepted: `spec: {archive: {after: 720h, s3: {bucket: clicks, endpoint: "https://s3.example.org"}}}`,
		rejected: `spec: {archive: {after: 30m, s3: {bucket: clicks, endpoint: "https://s3.example.org"}}}`,
		path:     "spec.archive.after",
		message:  "must be between 1h and 720h",
	},
	{
		rule:     "a broker has a port",
		accepted: `spec: {kafka: {bootstrapServers: ["kafka-0.kafka:9092", "[2001:db8::1]:9092"]}}`,
		rejected: `spec: {kafka: {bootstrapServers: [kafka]}}`,
		path:     "spec.kafka.bootstrapServers[0]",
		message:  "should match",
	},
}
