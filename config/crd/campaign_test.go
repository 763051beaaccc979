package crd

import (
	"slices"
	"strings"
)

const campaignBase = `
apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: spring-sale, namespace: ads-emea}
spec:
  trackerRefs: [{name: eu, namespace: clicktally}]
  advertiser: adv-789
  offerPageURL: https://shop.example.org/spring?ct={clickid}
  safePageURL: https://shop.example.org/
`

var campaignCases = kindCases{kind: "Campaign", base: campaignBase, cases: slices.Concat(
	campaignIdentity, campaignMoney, campaignRouting, campaignBounds,
	urlCases(
		setting{"spec.offerPageURL", `spec: {offerPageURL: %s}`},
		setting{"spec.safePageURL", `spec: {safePageURL: %s}`},
		setting{"spec.overflowURL", `spec: {overflowURL: %s}`},
		setting{"spec.landingPages[0].url", `spec: {landingPages: [{id: lp-1, url: %s}]}`},
		setting{"spec.offers[0].url", `spec: {offers: [{id: of-1, url: %s}]}`},
		setting{"spec.tests[0].request.referrer", `spec: {tests: [{name: t, request: {query: q, referrer: %s}, expect: {status: Valid}}]}`},
		setting{"spec.tests[0].expect.destination", `spec: {tests: [{name: t, request: {query: q}, expect: {destination: %s}}]}`},
	),
	rateCases(
		setting{"spec.limits.perIP", `spec: {limits: {perIP: %s}}`},
		setting{"spec.limits.perCampaign", `spec: {limits: {perCampaign: %s}}`},
	),
)}

var campaignIdentity = []ruleCase{
	{
		rule:     "a given id stays",
		before:   `spec: {id: summer}`,
		accepted: `spec: {id: summer}`,
		rejected: `spec: {id: winter}`,
		path:     "spec.id",
		message:  "the campaign id is immutable, links out there hold it: make a new campaign",
	},
	{
		rule:     "an id left out is the name, and may be written down",
		before:   `spec: {id: null}`,
		accepted: `spec: {id: spring-sale}`,
		rejected: `spec: {id: summer}`,
		path:     "spec.id",
		message:  "the campaign id is immutable",
	},
	{
		rule:     "a given id is not removed",
		before:   `spec: {id: summer}`,
		accepted: `spec: {id: summer, displayName: Summer}`,
		rejected: `spec: {id: null}`,
		path:     "spec.id",
		message:  "the campaign id is immutable",
	},
	{
		rule:     "an id equal to the name may be removed",
		before:   `spec: {id: spring-sale}`,
		accepted: `spec: {id: null}`,
		rejected: `spec: {id: summer}`,
		path:     "spec.id",
		message:  "the campaign id is immutable",
	},
	{
		rule:     "a long name needs an id",
		accepted: `{metadata: {name: ` + strings.Repeat("n", 65) + `}, spec: {id: short}}`,
		rejected: `{metadata: {name: ` + strings.Repeat("n", 65) + `}}`,
		path:     "spec.id",
		message:  "the name is longer than 64 characters: set spec.id to a shorter campaign id",
	},
	{
		rule:     "trackers are named once",
		accepted: `spec: {trackerRefs: [{name: eu}, {name: us}, {name: eu, namespace: clicktally}]}`,
		rejected: `spec: {trackerRefs: [{name: eu}, {name: us}, {name: eu}]}`,
		path:     "spec.trackerRefs",
		message:  "names a tracker twice",
	},
}

var campaignMoney = []ruleCase{
	{
		rule:     "a price is not removed",
		before:   `spec: {price: {model: CPC, amount: "0.50", currency: USD}}`,
		accepted: `spec: {price: {model: CPC, amount: "0", currency: USD}}`,
		rejected: `spec: {price: null}`,
		path:     "spec.price",
		message:  `a price cannot be removed: set its amount to "0"`,
	},
	{
		rule:     "the currency stays",
		before:   `spec: {price: {model: CPC, amount: "0.50", currency: USD}}`,
		accepted: `spec: {price: {model: CPC, amount: "0.60", currency: USD}}`,
		rejected: `spec: {price: {model: CPC, amount: "0.50", currency: EUR}}`,
		path:     "spec.price.currency",
		message:  "the currency of a campaign is immutable: make a new campaign",
	},
	{
		rule:     "ads have the campaign's currency",
		accepted: `spec: {price: {model: CPC, amount: "1", currency: USD}, ads: [{id: a}, {id: b, price: {model: CPC, amount: "2", currency: USD}}]}`,
		rejected: `spec: {price: {model: CPC, amount: "1", currency: USD}, ads: [{id: a}, {id: b, price: {model: CPC, amount: "2", currency: EUR}}]}`,
		path:     "spec.ads",
		message:  "an ad's price needs spec.price, and the same currency",
	},
	{
		rule:     "an ad's price needs the campaign's",
		accepted: `spec: {ads: [{id: a, publisher: pub-1}]}`,
		rejected: `spec: {ads: [{id: a, price: {model: CPC, amount: "2", currency: EUR}}]}`,
		path:     "spec.ads",
		message:  "an ad's price needs spec.price",
	},
	{
		rule:     "a budget has the campaign's currency",
		accepted: `spec: {price: {model: CPC, amount: "1", currency: USD}, budget: {daily: {amount: "500.00", currency: USD}}}`,
		rejected: `spec: {price: {model: CPC, amount: "1", currency: USD}, budget: {daily: {amount: "500.00", currency: EUR}}}`,
		path:     "spec.budget.daily",
		message:  "a daily budget needs spec.price, and the same currency",
	},
	{
		rule:     "a budget says how much",
		accepted: `spec: {budget: {dailyClicks: 1000}}`,
		rejected: `spec: {budget: {timeZone: Europe/Berlin}}`,
		path:     "spec.budget",
		message:  "must set daily, dailyClicks, or both",
	},
	{
		rule:     "an amount is a decimal in quotes",
		accepted: `spec: {price: {model: CPC, amount: "0.50", currency: USD}}`,
		rejected: `spec: {price: {model: CPC, amount: 0.50, currency: USD}}`,
		path:     "spec.price.amount",
		message:  "must be of type string",
	},
	{
		rule:     "an amount has at most six decimals",
		accepted: `spec: {price: {model: CPC, amount: "999999999999.999999", currency: USD}}`,
		rejected: `spec: {price: {model: CPC, amount: "0.0000001", currency: USD}}`,
		path:     "spec.price.amount",
		message:  "should match",
	},
	{
		rule:     "a schedule begins before it ends",
		accepted: `spec: {schedule: {from: "2026-03-01T00:00:00Z", to: "2026-04-01T00:00:00Z"}}`,
		rejected: `spec: {schedule: {from: "2026-03-01T00:00:00Z", to: "2026-03-01T01:00:00+01:00"}}`,
		path:     "spec.schedule",
		message:  "from must be before to",
	},
}

var campaignRouting = []ruleCase{
	{
		rule:     "a split names offers of the campaign",
		accepted: `spec: {offers: [{id: of-1, url: "https://a.example/"}], routing: [{name: r, split: [{offer: of-1, weight: 10000}]}]}`,
		rejected: `spec: {offers: [{id: of-1, url: "https://a.example/"}], routing: [{name: r, split: [{offer: of-2, weight: 10000}]}]}`,
		path:     "spec.routing",
		message:  "every offer in a split must be the id of one of spec.offers",
	},
	{
		rule:     "a split names landing pages of the campaign",
		accepted: `spec: {landingPages: [{id: lp-1, url: "https://a.example/"}], routing: [{name: r, split: [{landingPage: lp-1, weight: 10000}]}]}`,
		rejected: `spec: {offers: [{id: lp-1, url: "https://a.example/"}], routing: [{name: r, split: [{landingPage: lp-1, weight: 10000}]}]}`,
		path:     "spec.routing",
		message:  "every landingPage in a split must be the id of one of spec.landingPages",
	},
	{
		rule:     "weights add up",
		accepted: `spec: {offers: [{id: a, url: "https://a.example/"}, {id: b, url: "https://b.example/"}], routing: [{name: r, split: [{offer: a, weight: 7000}, {offer: b, weight: 3000}]}]}`,
		rejected: `spec: {offers: [{id: a, url: "https://a.example/"}, {id: b, url: "https://b.example/"}], routing: [{name: r, split: [{offer: a, weight: 7000}, {offer: b, weight: 2000}]}]}`,
		path:     "spec.routing[0].split",
		message:  "weights add up to 9000, must be 10000",
	},
	{
		rule:     "a split target is one thing",
		accepted: `spec: {offers: [{id: a, url: "https://a.example/"}], routing: [{name: r, split: [{offer: a, weight: 10000}]}]}`,
		rejected: `spec: {offers: [{id: a, url: "https://a.example/"}], landingPages: [{id: a, url: "https://a.example/"}], routing: [{name: r, split: [{offer: a, landingPage: a, weight: 10000}]}]}`,
		path:     "spec.routing[0].split[0]",
		message:  "must name exactly one of offer and landingPage",
	},
	{
		rule:     "a split target is something",
		accepted: `spec: {offers: [{id: a, url: "https://a.example/"}], routing: [{name: r, when: {deviceTypes: [Mobile]}, split: [{offer: a, weight: 10000}]}]}`,
		rejected: `spec: {routing: [{name: r, split: [{weight: 10000}]}]}`,
		path:     "spec.routing[0].split[0]",
		message:  "must name exactly one of offer and landingPage",
	},
	{
		rule:     "a routing rule has a name of its own",
		accepted: `spec: {offers: [{id: a, url: "https://a.example/"}], routing: [{name: r, split: [{offer: a, weight: 10000}]}, {name: s, split: [{offer: a, weight: 10000}]}]}`,
		rejected: `spec: {offers: [{id: a, url: "https://a.example/"}], routing: [{name: r, split: [{offer: a, weight: 10000}]}, {name: r, split: [{offer: a, weight: 10000}]}]}`,
		path:     "spec.routing",
		message:  "names a rule twice",
	},
	{
		rule:     "a test comes from an address",
		accepted: `spec: {tests: [{name: t, request: {query: q, address: "2001:db8::7"}, expect: {status: Valid}}]}`,
		rejected: `spec: {tests: [{name: t, request: {query: q, address: "198.51.100.0/24"}, expect: {status: Valid}}]}`,
		path:     "spec.tests[0].request.address",
		message:  "must be an IPv4 or IPv6 address",
	},
}

var campaignBounds = []ruleCase{
	{
		rule:     "an id is 1 to 64 characters of its alphabet",
		accepted: `spec: {advertiser: "Adv_7~8.9-` + strings.Repeat("x", 54) + `"}`,
		rejected: `spec: {advertiser: "adv/789"}`,
		path:     "spec.advertiser",
		message:  "should match",
	},
	{
		rule:     "a URL has at most 2048 characters",
		accepted: `spec: {offerPageURL: "https://a.example/` + strings.Repeat("x", 2048-18) + `"}`,
		rejected: `spec: {offerPageURL: "https://a.example/` + strings.Repeat("x", 2049-18) + `"}`,
		path:     "spec.offerPageURL",
		message:  "may not be more than 2048 bytes",
	},
	{
		rule:     "a state is one of three",
		accepted: `spec: {state: Test}`,
		rejected: `spec: {state: Stopped}`,
		path:     "spec.state",
		message:  `supported values: "Active", "Test", "Paused"`,
	},
	{
		rule:     "an unknown field is an error",
		accepted: `spec: {offerPageURL: "https://a.example/"}`,
		rejected: `spec: {offerPageUrl: "https://a.example/"}`,
		path:     "spec.offerPageUrl",
		message:  "unknown field",
	},
	{
		rule:     "ids of offers are unique",
		accepted: `spec: {offers: [{id: a, url: "https://a.example/"}, {id: b, url: "https://a.example/"}]}`,
		rejected: `spec: {offers: [{id: a, url: "https://a.example/"}, {id: a, url: "https://b.example/"}]}`,
		path:     "spec.offers[1]",
		message:  "Duplicate value",
	},
	{
		rule:     "at most eight trackers",
		accepted: `spec: {trackerRefs: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}, {name: f}, {name: g}, {name: h}]}`,
		rejected: `spec: {trackerRefs: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}, {name: f}, {name: g}, {name: h}, {name: i}]}`,
		path:     "spec.trackerRefs",
		message:  "must have at most 8 items",
	},
	{
		rule:     "a country is two capital letters",
		accepted: `spec: {targeting: {countries: [DE, AT]}}`,
		rejected: `spec: {targeting: {countries: [De]}}`,
		path:     "spec.targeting.countries[0]",
		message:  "should match",
	},
}
