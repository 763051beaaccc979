package evaluate

import (
	"strings"
	"testing"
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// Every broken expectation says what was got and, where it is not plain to see, why.
func TestFailuresSayWhy(t *testing.T) {
	result := compileSamples(t)
	e, err := New(Catalog(&result), local)
	if err != nil {
		t.Fatal(err)
	}
	reasons := func(list ...v1alpha1.ReasonCode) v1alpha1.TestExpectation {
		return v1alpha1.TestExpectation{Reasons: list}
	}
	const shop = "cid=spring-sale"
	cases := map[string]struct {
		request v1alpha1.TestRequest
		expect  v1alpha1.TestExpectation
		want    string // field: message; empty: it holds
	}{
		"reasons in any order": {
			v1alpha1.TestRequest{Query: shop, UserAgent: "curl/8.0", Address: "198.51.100.7"},
			reasons(v1alpha1.UserAgentNonBrowser, v1alpha1.IPDenied), "",
		},
		"an address on no deny list": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onDesktop, Address: "192.0.2.1"},
			reasons(v1alpha1.IPDenied),
			"reasons: expected reasons [IPDenied], got []: 192.0.2.1 is on no deny list of clicktally/default",
		},
		"an address on the allow list": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onDesktop, Address: "203.0.113.7"},
			reasons(v1alpha1.IPDenied),
			"reasons: expected reasons [IPDenied], got []: 203.0.113.7 is on the allow list of clicktally/default",
		},
		"no address": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onDesktop},
			reasons(v1alpha1.IPDenied),
			"reasons: expected reasons [IPDenied], got []: the request states no address",
		},
		"a user agent of another class": {
			v1alpha1.TestRequest{Query: shop, UserAgent: "curl/8.0"},
			reasons(v1alpha1.UserAgentBot),
			"reasons: expected reasons [UserAgentBot], got [UserAgentNonBrowser]: the user agent is taken for NonBrowser",
		},
		"no referrer": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onDesktop},
			reasons(v1alpha1.ReferrerInvalid),
			"reasons: expected reasons [ReferrerInvalid], got []: a click without referrer is not outside",
		},
		"a referrer from outside holds": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onDesktop, Referrer: "https://elsewhere.example/"}, reasons(v1alpha1.ReferrerInvalid), "",
		},
		"velocity of a single click": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onDesktop, Address: "192.0.2.1"},
			reasons(v1alpha1.IPVelocity),
			"reasons: expected reasons [IPVelocity], got []: a test is a single click without an impression: try clicktally explain",
		},
		"a reason that is not observed": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onDesktop},
			reasons(v1alpha1.IPTor),
			"reasons: expected reasons [IPTor], got []: IPTor is not observed in this version",
		},
		"a reason too many": {
			v1alpha1.TestRequest{Query: shop, UserAgent: "curl/8.0", Address: "198.51.100.7"},
			reasons(v1alpha1.IPDenied),
			"reasons: expected reasons [IPDenied], got [IPDenied UserAgentNonBrowser]",
		},
		"another band": {
			v1alpha1.TestRequest{Query: shop, UserAgent: "curl/8.0"},
			v1alpha1.TestExpectation{Status: "Suspicious"},
			"status: expected status Suspicious, got Valid (score 25, reasons [UserAgentNonBrowser])",
		},
		"another destination": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onDesktop},
			v1alpha1.TestExpectation{Destination: "https://shop.example.org/"},
			"destination: expected destination https://shop.example.org/, got https://shop.example.org/spring?ct={clickid} (offer page: click is Valid)",
		},
		"one of a split": {
			v1alpha1.TestRequest{Query: shop, UserAgent: onPhone}, v1alpha1.TestExpectation{Destination: "https://lp.example.org/a?next={out}"}, "",
		},
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for sentence, c := range cases {
		for name, at := range map[string]time.Time{"now": now, "before the schedule": now.AddDate(-5, 0, 0), "after it": now.AddDate(20, 0, 0)} {
			if strings.Contains(sentence, "allow list") && name == "after it" {
				continue // the entry expires in 2028
			}
			t.Run(sentence+", "+name, func(t *testing.T) {
				campaign := &v1alpha1.Campaign{}
				campaign.Spec.Tests = []v1alpha1.CampaignTest{{Name: "x", Request: c.request, Expect: c.expect}}
				failures, err := e.Tests(campaign, "spring-sale", at.UnixMilli())
				if err != nil {
					t.Fatal(err)
				}
				var list []string
				for _, f := range failures {
					list = append(list, strings.TrimPrefix(f.Field, "spec.tests[0].expect.")+": "+f.Message)
				}
				if got := strings.Join(list, "; "); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		}
	}
}
