package controllers_test

import (
	"strings"
	"testing"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

const tested = `
apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: a, namespace: ADS}
spec:
  trackerRefs: [{name: eu, namespace: PLATFORM}]
  advertiser: adv-789
  offerPageURL: https://shop.example.org/offer?secret=1
  safePageURL: https://shop.example.org/safe
  tests:
  - {name: an address of the deny list sees the safe page, request: {query: cid=a, userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", address: 198.51.100.7}, expect: {destination: "https://shop.example.org/safe", reasons: [IPDenied]}}
`

const policy = `
apiVersion: clicktally.dev/v1alpha1
kind: FraudPolicy
metadata: {name: default, namespace: PLATFORM}
spec: {deny: [{cidr: 198.51.100.0/24}], actions: {fraudulent: SafePage}}
`

func TestACampaignsTestsAreRunWithItsTrackersPolicy(t *testing.T) {
	r := newRig(t)
	r.apply(strings.Replace(platform, "replicas: 2", "replicas: 2\n  fraud: {policyRef: {name: default}}", 1) + "---" + policy + "---" + tested)
	r.start()
	r.becomes("a", "Programmed=False Progressing", "TestsPassed=True TestsPassed")
	r.beat("eu-0")
	r.becomes("a", "Ready=True Serving")

	// The same campaign, another verdict: the platform's policy has changed.
	r.apply(strings.Replace(policy, "198.51.100.0/24", "203.0.113.0/24", 1))
	failed := r.becomes("a", "Ready=True Serving", "TestsPassed=False TestsFailed", "!Stalled")
	for _, c := range failed.Status.Conditions {
		if c.Type == v1alpha1.ConditionTestsPassed && (!strings.HasPrefix(c.Message, `2 expectations do not hold, the first: test "an address of the deny list sees the safe page": expected destination shop.example.org/..., got shop.example.org/...`) || strings.Contains(c.Message, "secret")) {
			t.Errorf("it says %q", c.Message)
		}
	}
	r.apply(policy)
	r.becomes("a", "TestsPassed=True TestsPassed")

	// A failed test keeps no edit from going live.
	r.apply(strings.ReplaceAll(tested, "reasons: [IPDenied]", "reasons: [IPTor]"))
	r.becomes("a", "Accepted=True Accepted", "TestsPassed=False TestsFailed")
	r.eventually("the edit is served", func() bool {
		r.beat("eu-0")
		return lacks(r.campaign("a"), []string{"Ready=True Serving"}) == ""
	})
}
