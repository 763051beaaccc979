package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/evaluate"
)

const (
	iPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	desktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)

// The samples stand for a repository; wording and layout are those of the product's examples, and what
// follows from the samples and the order of design 8 was worked out by hand.
func TestExplain(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"a script from a denied range, as in the examples": {
			args: []string{"cid=spring-sale&sub1=x", "--country", "DE", "--user-agent", "curl/8.0", "--address", "198.51.100.7"},
			want: `campaign   ads-emea/spring-sale
signals    userAgent=NonBrowser device=Other address=Denied country=DE referrer=Missing ipClicks=1/1h sinceImpression=Unknown
score      100  Fraudulent  IPDenied 100, UserAgentNonBrowser 25 (policy clicktally/default)
route      safe page: click is Fraudulent (actions.fraudulent)
302        https://shop.example.org/
`,
		},
		"a person on a desktop": {
			args: []string{"cid=spring-sale", "--user-agent", desktop, "--address", "192.0.2.7", "--referer", "https://www.publisher.example/a"},
			want: `campaign   ads-emea/spring-sale
signals    userAgent=Browser device=Desktop address=NotListed country=Unknown referrer=Accepted ipClicks=1/1h sinceImpression=Unknown
score      0  Valid  (policy clicktally/default)
route      offer page: click is Valid
302        https://shop.example.org/spring?ct={clickid}
`,
		},
		"a split shows every target, and that only the tracker knows which": {
			args: []string{"https://t.example.com/v1/click?cid=spring-sale&sub1=a+b&gclid=G1", "--user-agent", iPhone},
			want: `campaign   ads-emea/spring-sale
signals    userAgent=Browser device=Mobile address=Unknown country=Unknown referrer=Missing sinceImpression=Unknown
score      0  Valid  (policy clicktally/default)
route      offer of-1 or landing page lp-1: routing rule mobile, click is Valid
302        https://shop.example.org/x?ct={clickid}&s=a%20b&gclid=G1  (offer of-1, 7000 of 10000; a visitor keeps one)
or         https://lp.example.org/a?next={out}&gclid=G1  (landing page lp-1, 3000 of 10000; a visitor keeps one)
`,
		},
		"many clicks, and one soon after the impression, add up by family": {
			args: []string{"cid=newsletter&did=d1", "--user-agent", desktop, "--address", "192.0.2.7", "--ip-clicks", "11", "--device-clicks", "6", "--since-impression", "200ms"},
			want: `campaign   ads-amer/newsletter
signals    userAgent=Browser device=Desktop address=NotListed country=Unknown referrer=Missing ipClicks=11/1h deviceClicks=6/1h sinceImpression=200ms
score      100  Fraudulent  IPVelocity 40, DeviceVelocity 40, ClickTooFast 35 (policy clicktally/default)
route      safe page: click is Fraudulent (actions.fraudulent)
302        https://news.example.net/
`,
		},
		"what a link states wrongly is named": {
			args: []string{"cid=spring-sale&lp_id=lp-9&offer_id=of-9&ts_id=nobody&sub1={sub}&sub2=1&sub2=2&cost=1&ad=%20", "--user-agent", desktop},
			want: `campaign   ads-emea/spring-sale
link       sub1: "{sub}" looks like a macro that was not expanded: counts as missing
link       sub2: is stated again: the first one counts
link       cost: a cost counts only where the traffic source (ts_id) maps a parameter to it: dropped
link       ad: is not an id of 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -: dropped
link       lp_id: the campaign has no landing page "lp-9": ignored
link       offer_id: the campaign has no offer "of-9": ignored
link       ts_id: namespace ads-emea has no TrafficSource "nobody": its parameters are not mapped
signals    userAgent=Browser device=Desktop address=Unknown country=Unknown referrer=Missing sinceImpression=Unknown
score      0  Valid  (policy clicktally/default)
route      offer page: click is Valid; lp_id is unknown or inactive and was ignored; offer_id is unknown or inactive and was ignored
302        https://shop.example.org/spring?ct={clickid}
`,
		},
		"a paused campaign sends on to its overflow page": {
			args: []string{"cid=winter-clearance", "--user-agent", desktop},
			want: `campaign   ads-emea/winter-clearance
signals    userAgent=Browser device=Desktop address=Unknown country=Unknown referrer=Missing sinceImpression=Unknown
score      0  Valid  (policy clicktally/default)
route      overflow page: campaign is Paused (state)
302        https://shop.example.org/spring
`,
		},
		"a campaign in test adds click_id": {
			args: []string{"cid=app-launch", "--user-agent", desktop},
			want: `campaign   ads-amer/app-launch
signals    userAgent=Browser device=Desktop address=Unknown country=Unknown referrer=Missing sinceImpression=Unknown
score      0  Valid  (policy clicktally/default)
route      offer page: click is Valid; state Test adds click_id
302        https://app.example.com/launch?ct={clickid}&click_id={clickid}
`,
		},
		"before its schedule a campaign is closed": {
			args: []string{"cid=spring-sale", "--user-agent", desktop, "--at", "2026-02-28T23:59:59Z"},
			want: `campaign   ads-emea/spring-sale
signals    userAgent=Browser device=Desktop address=Unknown country=Unknown referrer=Missing sinceImpression=Unknown
score      0  Valid  (policy clicktally/default)
route      safe page: campaign has not started (schedule.from)
302        https://shop.example.org/
`,
		},
		"an unknown cid goes to the fallback URL": {
			args: []string{"cid=no-such", "--user-agent", desktop},
			want: `campaign   unknown on tracker clicktally/local
link       cid: tracker clicktally/local serves no campaign "no-such"
signals    userAgent=Browser device=Desktop address=Unknown country=Unknown referrer=Missing sinceImpression=Unknown
score      0  Valid  (policy clicktally/default)
route      fallback URL: this tracker serves no campaign with this cid
302        https://www.example.com/
`,
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			args := append([]string{"-f", samples, "--at", "2026-11-22T12:00:00Z"}, c.args...)
			got, err := run(explainCommand(), args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExplainNamesLimitsAboveTheTrackers(t *testing.T) {
	inFolder(t, map[string]string{
		"spring.yaml":   edit(t, spring, "  offers:", "  limits: {perIP: {count: 200, window: 1m}, perCampaign: {count: 5000, window: 1h}}\n  offers:"),
		"platform.yaml": platform,
	})
	got, err := run(explainCommand(), "-f", ".", "cid=spring-sale")
	if err != nil {
		t.Fatal(err)
	}
	// 200 a minute is above the default of 100; 5000 an hour is below 1000 a minute.
	want := "limits     perIP 200 in 1m is above tracker clicktally/eu's 100 in 1m: the tracker's counts\n"
	if !strings.Contains(got, want) || strings.Count(got, "limits ") != 1 {
		t.Errorf("got\n%swant one line of limits:\n%s", got, want)
	}
}

func TestExplainJudgesTheCountryAndSaysThatTrackersCannot(t *testing.T) {
	inFolder(t, map[string]string{
		"spring.yaml":   edit(t, spring, "  offers:", "  targeting: {countries: [DE, AT]}\n  offers:"),
		"platform.yaml": platform,
	})
	for country, want := range map[string]string{"FR": "score      40  Suspicious  GeoDenied 40 ", "DE": "score      0  Valid "} {
		got, err := run(explainCommand(), "-f", ".", "cid=spring-sale", "--user-agent", desktop, "--country", country)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got, want) || !strings.Contains(got, "note       trackers of this version cannot look up a country") {
			t.Errorf("%s: got\n%swant %q and a note", country, got, want)
		}
	}
}

func TestExplainForPrograms(t *testing.T) {
	out, err := run(explainCommand(), "-f", samples, "-o", "json", "cid=spring-sale", "--user-agent", "curl/8.0", "--address", "198.51.100.7", "--at", "2026-11-22T12:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	var got evaluate.Explanation
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	got.Signals = nil // the text's test holds them
	want := evaluate.Explanation{
		Tracker: "clicktally/local", Campaign: "ads-emea/spring-sale", CampaignID: "spring-sale", Disposition: "Routed",
		Score: 100, Status: "Fraudulent", Reasons: []evaluate.Reason{
			{Reason: "IPDenied", Points: 100, Counted: 100}, {Reason: "UserAgentNonBrowser", Points: 25, Counted: 25},
		},
		Policies: []string{"clicktally/default"}, Route: "safe page: click is Fraudulent (actions.fraudulent)",
		Destination: "https://shop.example.org/",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}
}

func TestExplainSaysWhyThereIsNoDecision(t *testing.T) {
	cases := map[string]struct {
		files map[string]string
		args  []string
		want  string
	}{
		"without a tracker": {
			files: map[string]string{"a.yaml": spring},
			want:  "campaign ads-emea/spring-sale is served by Tracker clicktally/eu, which is not among the given files: add the platform's with -f",
		},
		"without a tracker and campaign": {
			files: map[string]string{"a.yaml": edit(t, spring, "spring-sale", "other")},
			want:  "there is no Tracker in . that could serve a click",
		},
		"without the tracker's policy": {
			files: map[string]string{"a.yaml": spring, "b.yaml": edit(t, platform[strings.Index(platform, "---"):strings.LastIndex(platform, "---")], "x", "x")},
			want:  "FraudPolicy clicktally/default is not among the given files, so that clicks cannot be scored: add its folder with -f",
		},
		"of a campaign that would be refused": {
			files: map[string]string{"a.yaml": edit(t, spring, "weight: 3000", "weight: 2000"), "b.yaml": platform},
			want:  "Campaign ads-emea/spring-sale cannot be read: a.yaml:16: spec.routing[0].split: weights add up to 9000, must be 10000",
		},
		"of a campaign on a host that is not allowed": {
			files: map[string]string{"a.yaml": edit(t, spring, "shop.example.org/y", "shop.example.net/y"), "b.yaml": platform},
			want:  "Campaign ads-emea/spring-sale is not served as it is written: a.yaml:12: spec.offers[1].url: host",
		},
		"on a tracker that is not there": {
			files: map[string]string{"a.yaml": spring, "b.yaml": platform},
			args:  []string{"--tracker", "clicktally/us"},
			want:  "--tracker: there is no Tracker clicktally/us, only clicktally/eu",
		},
		"of an address that is none": {
			files: map[string]string{"a.yaml": spring, "b.yaml": platform},
			args:  []string{"--address", "1.2.3"},
			want:  `--address: "1.2.3" is not an IP address`,
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			inFolder(t, c.files)
			out, err := run(explainCommand(), append([]string{"-f", ".", "cid=spring-sale"}, c.args...)...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v and\n%swant %q", err, out, c.want)
			}
		})
	}
}
